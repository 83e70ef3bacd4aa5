import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { expectEveryBitCounts, expectNothingMisread, formatErrorOf } from "../_damage.ts"
import type { BlockRange } from "../block-range.ts"
import { seal, viewOf } from "../envelope/envelope.ts"
import { BLOCK_BYTES, MEMORY_BYTES_MAX } from "../limits.ts"
import { decodeWorkingSet, encodeWorkingSet, workingSetBytesMax } from "./working-set.ts"

const PAGES = [0, 1, 2, 7, 9, 10]
const MEMORY_BYTES = 11 * BLOCK_BYTES
const anyPages = fc.uniqueArray(fc.nat(500), { maxLength: 100 }).map((pages) => pages.sort((a, b) => a - b))

function pagesOf(runs: readonly BlockRange[]): number[] {
  return runs.flatMap(({ offsetBytes, lengthBytes }) =>
    Array.from({ length: lengthBytes / BLOCK_BYTES }, (_, index) => offsetBytes / BLOCK_BYTES + index),
  )
}

/** The encoded pages with a `u32` changed and its checksum made good again */
function withU32(offset: number, value: number): Uint8Array {
  const bytes = encodeWorkingSet(PAGES)
  viewOf(bytes).setUint32(offset, value, true)
  return seal(bytes)
}

describe("decodeWorkingSet()", () => {
  it("joins neighbours to runs", () => {
    expect(decodeWorkingSet(encodeWorkingSet(PAGES), MEMORY_BYTES)).toEqual([
      { offsetBytes: 0, lengthBytes: 3 * BLOCK_BYTES },
      { offsetBytes: 7 * BLOCK_BYTES, lengthBytes: BLOCK_BYTES },
      { offsetBytes: 9 * BLOCK_BYTES, lengthBytes: 2 * BLOCK_BYTES },
    ])
  })

  it("gives back any pages", () => {
    fc.assert(
      fc.property(anyPages, (pages) => {
        expect(pagesOf(decodeWorkingSet(encodeWorkingSet(pages), 501 * BLOCK_BYTES))).toEqual(pages)
      }),
    )
  })

  it("takes every other page of a memory, the largest file there is", () => {
    const bytes = encodeWorkingSet([0, 2, 4])
    expect(bytes).toHaveLength(workingSetBytesMax(5 * BLOCK_BYTES))
    expect(decodeWorkingSet(bytes, 5 * BLOCK_BYTES)).toHaveLength(3)
    expect(formatErrorOf(() => decodeWorkingSet(bytes, 4 * BLOCK_BYTES))).toMatchObject({ code: "too_large" })
  })

  it("notices every flipped bit, every cut and every tail", () => {
    expectEveryBitCounts(encodeWorkingSet(PAGES), (bytes) => decodeWorkingSet(bytes, MEMORY_BYTES))
  })

  it("never misreads damaged bytes", () => {
    expectNothingMisread(anyPages.map(encodeWorkingSet), {
      decode: (bytes) => decodeWorkingSet(bytes, 501 * BLOCK_BYTES),
      encode: (runs) => encodeWorkingSet(pagesOf(runs)),
    })
  })

  it.each([
    ["a future version", withU32(8, 3), "unsupported_version"],
    ["more runs than it has room for", withU32(16, 0x7fff_ffff), "truncated"],
    ["fewer runs than it has room for", withU32(16, 1), "invalid"],
    ["an empty run", withU32(24, 0), "invalid"],
    ["runs that touch", withU32(24, 7), "invalid"],
    ["runs that overlap", withU32(24, 8), "invalid"],
    ["a run beyond the memory", withU32(40, 3), "invalid"],
    ["a run beyond any memory", withU32(36, 0xffff_ffff), "invalid"],
    ["a header", new TextEncoder().encode("THAWMHDR".padEnd(40)), "bad_magic"],
  ])("names %s", (_, bytes, code) => {
    expect(formatErrorOf(() => decodeWorkingSet(bytes, MEMORY_BYTES))).toMatchObject({ code })
  })
})

describe("encodeWorkingSet()", () => {
  it.each([[[1, 0]], [[1, 1]], [[-1]], [[0.5]], [[MEMORY_BYTES_MAX / BLOCK_BYTES]]])(
    "refuses %j",
    (pages) => {
      expect(() => encodeWorkingSet(pages)).toThrow(RangeError)
    },
  )
})
