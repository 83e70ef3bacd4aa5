import fc from "fast-check"

import { parseBuildId, type BuildId } from "./build-id.ts"
import { DirtySet } from "./dirty/dirty-set.ts"
import type { Mapping, MemoryHeader } from "./header/memory-header.ts"
import { BLOCK_BYTES } from "./limits.ts"

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

/** The build id of a number below 32¹⁶ */
export function buildIdOf(number: number): BuildId {
  let digits = ""
  for (let rest = number; rest > 0; rest = Math.floor(rest / 32)) digits = ALPHABET.charAt(rest % 32) + digits
  return parseBuildId(digits.padStart(16, "0"))
}

/** Any build id */
export const anyBuildId = fc
  .array(fc.constantFrom(...ALPHABET.split("")), { minLength: 16, maxLength: 16 })
  .map((letters) => parseBuildId(letters.join("")))

/** A mapping without its place in memory, in blocks; `build` -1 is zero memory */
const anyPiece = fc.record({
  blocks: fc.integer({ min: 1, max: 40 }),
  build: fc.integer({ min: -1, max: 4 }),
  buildBlock: fc.integer({ min: 0, max: 2 ** 20 }),
})

/** Any valid header of small memory, also such whose mappings could be joined */
export const anyHeader: fc.Arbitrary<MemoryHeader> = fc
  .record({
    pieces: fc.array(anyPiece, { minLength: 1, maxLength: 40 }),
    generation: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    buildId: anyBuildId,
    baseBuildId: anyBuildId,
  })
  .map(({ pieces, generation, buildId, baseBuildId }) => {
    const mappings: Mapping[] = []
    let offsetBytes = 0
    for (const { blocks, build, buildBlock } of pieces) {
      const lengthBytes = blocks * BLOCK_BYTES
      mappings.push({
        offsetBytes,
        lengthBytes,
        build: build < 0 ? undefined : buildIdOf(1000 + build),
        buildOffsetBytes: build < 0 ? 0 : buildBlock * BLOCK_BYTES,
      })
      offsetBytes += lengthBytes
    }
    return { memoryBytes: offsetBytes, generation, buildId, baseBuildId, mappings }
  })

/** What to do to `blocks` blocks of memory, a letter each: data, zero or nothing */
export function dirtySetOf(letters: readonly ("data" | "zero" | "clean")[]): DirtySet {
  const dirty = new DirtySet()
  for (const [block, letter] of letters.entries()) {
    if (letter === "data") dirty.addData(block * BLOCK_BYTES, BLOCK_BYTES)
    if (letter === "zero") dirty.addZero(block * BLOCK_BYTES, BLOCK_BYTES)
  }
  return dirty
}
