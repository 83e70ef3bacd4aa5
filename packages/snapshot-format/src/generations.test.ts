import fc from "fast-check"
import { expect, it } from "vitest"

import { buildIdOf } from "./_arbitraries.ts"
import { decodeBuildFooter, encodeBuildTrailer } from "./build/build-trailer.ts"
import type { BuildId } from "./build-id.ts"
import { crc32 } from "./checksum/crc32.ts"
import { planCompaction } from "./compaction/plan-compaction.ts"
import { DirtySet } from "./dirty/dirty-set.ts"
import { decodeHeader, encodeHeader } from "./header/header-codec.ts"
import { lookupBlock } from "./header/lookup-block.ts"
import { namedBuilds, type MemoryHeader } from "./header/memory-header.ts"
import { mergeHeader } from "./header/merge-header.ts"
import { validateHeader } from "./header/validate-header.ts"
import { BLOCK_BYTES } from "./limits.ts"

const BLOCKS = 24
const MEMORY_BYTES = BLOCKS * BLOCK_BYTES

/** What a guest and its host do; offsets and lengths are of bytes, not blocks */
type Step =
  | { readonly do: "write" | "zero"; readonly offset: number; readonly length: number; readonly seed: number }
  | { readonly do: "read"; readonly block: number }
  | { readonly do: "pause" }
  /** Goes on from an older generation, as a sandbox spawned from a template does */
  | { readonly do: "restore" | "compact"; readonly generation: number; readonly builds: number }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("write" as const, "zero" as const),
      offset: fc.nat(MEMORY_BYTES - 1),
      length: fc.integer({ min: 1, max: 6 * BLOCK_BYTES }),
      seed: fc.nat(255),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("read" as const), block: fc.nat(BLOCKS - 1) }) },
  { weight: 3, arbitrary: fc.constant({ do: "pause" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom("restore" as const, "compact" as const),
      generation: fc.nat(20),
      builds: fc.nat(0xffff),
    }),
  },
)

/** A machine whose frozen memory is kept as headers and builds only, and what each should read as */
class Machine {
  readonly memory = new Uint8Array(MEMORY_BYTES)
  readonly touched = new Set<number>()
  readonly builds = new Map<BuildId, Uint8Array>()
  readonly frozen: { header: MemoryHeader; readonly expected: Uint8Array }[] = []
  parent: MemoryHeader | undefined
  #buildCount = 0

  perform(step: Step): void {
    switch (step.do) {
      case "write":
      case "zero":
        return this.#write(step.offset, step)
      case "read":
        this.touched.add(step.block)
        return
      case "pause":
        return this.#pause()
      case "restore":
        return this.#restore(step.generation)
      case "compact":
        return this.#compact(step.generation, step.builds)
    }
  }

  #write(offset: number, { do: kind, length, seed }: { do: string; length: number; seed: number }): void {
    const end = Math.min(MEMORY_BYTES, offset + length)
    for (let at = offset; at < end; at++) {
      this.memory[at] = kind === "zero" ? 0 : (at * 31 + seed) & 0xff
      this.touched.add(Math.floor(at / BLOCK_BYTES))
    }
  }

  #pause(): void {
    const dirty = new DirtySet()
    const blocks: Uint8Array[] = []
    for (const index of [...this.touched].sort((a, b) => a - b)) {
      const offsetBytes = index * BLOCK_BYTES
      const block = this.memory.slice(offsetBytes, offsetBytes + BLOCK_BYTES)
      if (this.parent !== undefined && isSame(block, this.#readBlock(this.parent, offsetBytes))) continue
      if (block.every((byte) => byte === 0)) {
        dirty.addZero(offsetBytes, BLOCK_BYTES)
      } else {
        dirty.addData(offsetBytes, BLOCK_BYTES)
        blocks.push(block)
      }
    }
    const buildId = this.#publish(blocks)
    const header = mergeHeader(this.parent, dirty, { memoryBytes: MEMORY_BYTES, buildId })
    this.parent = decodeHeader(encodeHeader(header))
    this.frozen.push({ header: this.parent, expected: this.memory.slice() })
    this.touched.clear()
  }

  #restore(generation: number): void {
    const { header, expected } = this.frozen[generation % this.frozen.length] ?? {}
    if (header === undefined || expected === undefined) return
    this.parent = header
    this.memory.set(expected)
    this.touched.clear()
  }

  #compact(generation: number, builds: number): void {
    const entry = this.frozen[generation % this.frozen.length]
    if (entry === undefined) return
    const merge = new Set([...namedBuilds(entry.header)].filter((_, index) => ((builds >> index) & 1) === 1))
    const buildId = this.#nextBuildId()
    const plan = planCompaction(entry.header, { merge, buildId })
    const parts = plan.copies.map(({ build, buildOffsetBytes, lengthBytes }) =>
      this.#data(build).slice(buildOffsetBytes, buildOffsetBytes + lengthBytes),
    )
    this.builds.set(buildId, fileOf(buildId, parts))
    if (this.parent === entry.header) this.parent = plan.header
    entry.header = plan.header
  }

  #publish(blocks: readonly Uint8Array[]): BuildId {
    const buildId = this.#nextBuildId()
    this.builds.set(buildId, fileOf(buildId, blocks))
    return buildId
  }

  #nextBuildId(): BuildId {
    return buildIdOf(this.#buildCount++)
  }

  #data(build: BuildId): Uint8Array {
    const file = this.builds.get(build) ?? new Uint8Array(0)
    return file.subarray(0, decodeBuildFooter(file.subarray(-64), file.length).dataBytes)
  }

  #readBlock(header: MemoryHeader, offsetBytes: number): Uint8Array {
    const { build, buildOffsetBytes } = lookupBlock(header, offsetBytes)
    if (build === undefined) return new Uint8Array(BLOCK_BYTES)
    return this.#data(build).subarray(buildOffsetBytes, buildOffsetBytes + BLOCK_BYTES)
  }

  readAll(header: MemoryHeader): Uint8Array {
    const memory = new Uint8Array(MEMORY_BYTES)
    for (let at = 0; at < MEMORY_BYTES; at += BLOCK_BYTES) memory.set(this.#readBlock(header, at), at)
    return memory
  }
}

function fileOf(buildId: BuildId, parts: readonly Uint8Array[]): Uint8Array {
  const data = parts.flatMap((part) =>
    Array.from({ length: part.length / BLOCK_BYTES }, (_, index) =>
      part.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES),
    ),
  )
  const checksums = Uint32Array.from(data, (block) => crc32(block))
  const trailer = encodeBuildTrailer({ buildId, checksums })
  const file = new Uint8Array(data.length * BLOCK_BYTES + trailer.length)
  for (const [index, block] of data.entries()) file.set(block, index * BLOCK_BYTES)
  file.set(trailer, data.length * BLOCK_BYTES)
  return file
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, index) => byte === b[index])
}

it("memory reads the same through any generation, whatever was written, zeroed, restored and compacted", () => {
  let pauses = 0
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 5, maxLength: 40 }), (steps) => {
      const machine = new Machine()
      for (const step of steps) machine.perform(step)
      for (const { header, expected } of machine.frozen) {
        validateHeader(header)
        expect(isSame(machine.readAll(header), expected)).toBe(true)
      }
      pauses += machine.frozen.length
    }),
    { numRuns: 150 },
  )
  expect(pauses).toBeGreaterThan(0)
})
