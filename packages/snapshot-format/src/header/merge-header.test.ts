import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { anyHeader, buildIdOf, dirtySetOf } from "../_arbitraries.ts"
import { DirtySet } from "../dirty/dirty-set.ts"
import { BLOCK_BYTES } from "../limits.ts"
import { decodeHeader, encodeHeader } from "./header-codec.ts"
import { lookupBlock } from "./lookup-block.ts"
import { namedBuilds, type MemoryHeader } from "./memory-header.ts"
import { mergeHeader } from "./merge-header.ts"
import { validateHeader } from "./validate-header.ts"

const [FIRST, SECOND] = [buildIdOf(1), buildIdOf(2)]
const anyChange = fc.constantFrom<"data" | "zero" | "clean">("data", "zero", "clean")

/** `offset length build storage` in blocks, a mapping each */
function mapped(header: MemoryHeader): string[] {
  return header.mappings.map(({ offsetBytes, lengthBytes, build, buildOffsetBytes }) =>
    [offsetBytes / BLOCK_BYTES, lengthBytes / BLOCK_BYTES, build, buildOffsetBytes / BLOCK_BYTES].join(" "),
  )
}

function booted(letters: readonly ("data" | "zero" | "clean")[]): MemoryHeader {
  const options = { memoryBytes: letters.length * BLOCK_BYTES, buildId: FIRST }
  return mergeHeader(undefined, dirtySetOf(letters), options)
}

describe("mergeHeader()", () => {
  it("makes generation 0 of a booted VM, whose clean memory is zero", () => {
    const header = booted(["clean", "data", "data", "zero", "clean", "data"])
    expect(header).toMatchObject({ generation: 0, buildId: FIRST, baseBuildId: FIRST })
    expect(mapped(header)).toEqual(["0 1  0", `1 2 ${FIRST} 0`, "3 2  0", `5 1 ${FIRST} 2`])
  })

  it("lets the newer win and splits what lies below", () => {
    const parent = booted(["data", "data", "data", "data", "data", "data"])
    const letters = ["clean", "data", "clean", "zero", "clean", "clean"] as const
    const options = { memoryBytes: parent.memoryBytes, buildId: SECOND }
    const header = mergeHeader(parent, dirtySetOf(letters), options)
    expect(header).toMatchObject({ generation: 1, buildId: SECOND, baseBuildId: FIRST })
    expect(mapped(header)).toEqual([
      `0 1 ${FIRST} 0`,
      `1 1 ${SECOND} 0`,
      `2 1 ${FIRST} 2`,
      "3 1  0",
      `4 2 ${FIRST} 4`,
    ])
    expect(namedBuilds(header)).toEqual(new Set([FIRST, SECOND]))
  })

  it("does not join neighbours that are apart in storage", () => {
    const parent = booted(["data", "zero", "data"])
    const options = { memoryBytes: parent.memoryBytes, buildId: SECOND }
    const header = mergeHeader(parent, dirtySetOf(["clean", "data", "clean"]), options)
    expect(mapped(header)).toEqual([`0 1 ${FIRST} 0`, `1 1 ${SECOND} 0`, `2 1 ${FIRST} 1`])
    const apart: MemoryHeader = {
      ...parent,
      mappings: [
        { offsetBytes: 0, lengthBytes: BLOCK_BYTES, build: FIRST, buildOffsetBytes: 0 },
        { offsetBytes: BLOCK_BYTES, lengthBytes: 2 * BLOCK_BYTES, build: FIRST, buildOffsetBytes: 8192 },
      ],
    }
    expect(mapped(mergeHeader(apart, new DirtySet(), options))).toEqual([`0 1 ${FIRST} 0`, `1 2 ${FIRST} 2`])
  })

  it("keeps the parent's mappings and names no new build when nothing changed", () => {
    const parent = booted(["data", "clean", "data"])
    const options = { memoryBytes: parent.memoryBytes, buildId: SECOND }
    const header = mergeHeader(parent, new DirtySet(), options)
    expect(header.mappings).toEqual(parent.mappings)
    expect(namedBuilds(header)).toEqual(new Set([FIRST]))
  })

  it("refuses what does not fit", () => {
    const parent = booted(["data", "clean"])
    const refused = expect.objectContaining({ code: "invalid" })
    const memoryBytes = parent.memoryBytes
    expect(() => mergeHeader(parent, new DirtySet(), { memoryBytes, buildId: FIRST })).toThrow(refused)
    expect(() => mergeHeader(parent, new DirtySet(), { memoryBytes: 4096, buildId: SECOND })).toThrow(refused)
    expect(() => mergeHeader(undefined, new DirtySet(), { memoryBytes: 0, buildId: SECOND })).toThrow(refused)
    const dirty = dirtySetOf(["data", "data", "data"])
    expect(() => mergeHeader(parent, dirty, { memoryBytes, buildId: SECOND })).toThrow(refused)
  })

  it("gives each block its newest place, gapless and joined", () => {
    fc.assert(
      fc.property(anyHeader, fc.array(anyChange, { maxLength: 200 }), (parent, letters) => {
        const blocks = parent.memoryBytes / BLOCK_BYTES
        const changes = letters.slice(0, blocks)
        const before = JSON.stringify(parent)
        const dirty = dirtySetOf(changes)
        const header = mergeHeader(parent, dirty, { memoryBytes: parent.memoryBytes, buildId: SECOND })
        expect(JSON.stringify(parent)).toBe(before)
        validateHeader({ ...header, generation: 0 })
        let stored = 0
        const expected = Array.from({ length: blocks }, (_, block) => {
          if (changes[block] === "zero") return { build: undefined, buildOffsetBytes: 0 }
          if (changes[block] !== "data") return placeOf(parent, block * BLOCK_BYTES)
          stored += BLOCK_BYTES
          return { build: SECOND, buildOffsetBytes: stored - BLOCK_BYTES }
        })
        const found = Array.from({ length: blocks }, (_, block) => placeOf(header, block * BLOCK_BYTES))
        expect(found).toEqual(expected)
        expect(stored).toBe(dirty.dataBytes)
        expectJoined(header)
      }),
      { numRuns: 300 },
    )
  })

  it("takes a change of every other block of 512 MiB in linear time", () => {
    const blocks = 131_072
    const options = { memoryBytes: blocks * BLOCK_BYTES, buildId: FIRST }
    const [even, odd] = [new DirtySet(), new DirtySet()]
    for (let block = 0; block < blocks; block += 2) even.addData(block * BLOCK_BYTES, BLOCK_BYTES)
    for (let block = 1; block < blocks; block += 2) odd.addData(block * BLOCK_BYTES, BLOCK_BYTES)
    const header = mergeHeader(mergeHeader(undefined, even, options), odd, { ...options, buildId: SECOND })
    expect(header.mappings).toHaveLength(blocks)
    expect(decodeHeader(encodeHeader(header)).mappings).toHaveLength(blocks)
  })
})

function placeOf(header: MemoryHeader, offsetBytes: number): object {
  const { build, buildOffsetBytes } = lookupBlock(header, offsetBytes)
  return { build, buildOffsetBytes }
}

function expectJoined({ mappings }: MemoryHeader): void {
  const joinable = mappings.filter((mapping, index) => {
    const before = mappings[index - 1]
    if (before === undefined || before.build !== mapping.build) return false
    return (
      mapping.build === undefined || before.buildOffsetBytes + before.lengthBytes === mapping.buildOffsetBytes
    )
  })
  expect(joinable).toEqual([])
}
