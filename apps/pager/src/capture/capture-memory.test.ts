import { existsSync, readdirSync } from "node:fs"

import { BLOCK_BYTES, namedBuilds } from "@thaw/snapshot-format"
import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { readHeaderFile } from "../page-source/header-file.ts"
import { CaptureSeries, readMemory, type GuestMemory } from "./_guest-memory.ts"
import { captureMemory } from "./capture-memory.ts"
import { compactMemory } from "./compact-memory.ts"

const PAGES = 600
const MEMORY_BYTES = PAGES * BLOCK_BYTES

type Action = "read" | "write" | "patch" | "zero" | "same" | "remove"

interface Step {
  readonly action: Action
  readonly page: number
  readonly pages: number
  readonly byte: number
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  action: fc.constantFrom<Action>("read", "write", "patch", "zero", "same", "remove"),
  page: fc.nat(PAGES - 1),
  pages: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 400 })),
  byte: fc.integer({ min: 1, max: 255 }),
})

/** Does a step to the memory and to the plain bytes it must equal */
function perform({ action, page, pages, byte }: Step, memory: GuestMemory, model: Buffer): void {
  const last = Math.min(page + pages, PAGES)
  if (action === "remove") {
    memory.remove(page, last - page)
    model.fill(0, page * BLOCK_BYTES, last * BLOCK_BYTES)
    return
  }
  for (let at = page; at < last; at++) {
    const start = at * BLOCK_BYTES
    const content = model.subarray(start, start + BLOCK_BYTES)
    if (action === "patch") content[(byte * 16) % BLOCK_BYTES] = byte
    if (action === "write") content.fill(byte).writeUInt32LE(at)
    if (action === "zero") content.fill(0)
    if (action === "read") memory.read(at)
    else memory.write(at, content)
  }
}

describe("captureMemory()", () => {
  it("keeps every generation of a memory as it was, whatever happens to it", () => {
    const generations = fc.array(fc.array(anyStep, { maxLength: 12 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(generations, fc.boolean(), (steps, compacts) => {
        using series = new CaptureSeries(MEMORY_BYTES)
        const model = Buffer.alloc(MEMORY_BYTES)
        const past: Buffer[] = []
        for (const [number, actions] of steps.entries()) {
          const parent = number === 0 ? undefined : number - 1
          using memory = series.openMemory(parent)
          for (const action of actions) perform(action, memory, model)
          const result = captureMemory(series.request(memory, number, parent))
          expect(result.generation).toBe(number)
          past.push(Buffer.from(model))
        }
        if (compacts) {
          const newest = steps.length - 1
          const merge = [...namedBuilds(readHeaderFile(series.headerPath(newest)))]
          compactMemory({
            headerPath: series.headerPath(newest),
            buildsDir: series.buildsDir,
            mergeBuildIds: merge.slice(0, 3),
            buildId: series.buildId(999),
            newHeaderPath: series.headerPath(newest),
          })
        }
        for (const [number, content] of past.entries()) {
          expect(readMemory(series.headerPath(number), series.buildsDir).equals(content)).toBe(true)
        }
        expect(readdirSync(series.buildsDir).filter((name) => name.startsWith("."))).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it("stores what changed and nothing else", () => {
    using series = new CaptureSeries(MEMORY_BYTES)
    {
      using memory = series.openMemory()
      for (let page = 0; page < 10; page++) memory.write(page, Buffer.alloc(BLOCK_BYTES, page))
      expect(captureMemory(series.request(memory, 0))).toMatchObject({
        generation: 0,
        pagesScanned: 10,
        dataPages: 9,
        zeroPages: 0,
      })
    }
    using memory = series.openMemory(0)
    memory.read(1)
    memory.write(2, memory.read(2))
    memory.write(3, Buffer.alloc(BLOCK_BYTES))
    memory.write(4, Buffer.from("x"))
    memory.read(20)
    memory.write(21, Buffer.from("x"))
    memory.remove(0, 2)
    memory.remove(30, 5)
    const result = captureMemory(series.request(memory, 1, 0))
    expect(result).toMatchObject({ generation: 1, pagesScanned: 5, dataPages: 2, zeroPages: 2 })
    expect(result.bytesWritten).toBeLessThan(10 * BLOCK_BYTES)
    expect(readHeaderFile(series.headerPath(1)).baseBuildId).toBe(series.buildId(0))
  })

  it("writes no build when no data changed, and names none", () => {
    using series = new CaptureSeries(MEMORY_BYTES)
    {
      using memory = series.openMemory()
      memory.write(7, Buffer.from("seven"))
      captureMemory(series.request(memory, 0))
    }
    using memory = series.openMemory(0)
    memory.read(7)
    const result = captureMemory(series.request(memory, 1, 0))
    expect(result).toMatchObject({ generation: 1, dataPages: 0, zeroPages: 0 })
    expect(existsSync(`${series.buildsDir}/${series.buildId(1)}`)).toBe(false)
    const header = readHeaderFile(series.headerPath(1))
    expect(header.buildId).toBe(series.buildId(1))
    expect([...namedBuilds(header)]).toEqual([series.buildId(0)])
  })
})
