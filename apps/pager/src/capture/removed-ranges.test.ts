import { BLOCK_BYTES } from "@thaw/snapshot-format"
import { describe, expect, it } from "vitest"

import { clipRanges, planRemovedRanges } from "./removed-ranges.ts"

const PAGES = 100

function range(start: number, end: number) {
  return { offsetBytes: start * BLOCK_BYTES, lengthBytes: (end - start) * BLOCK_BYTES }
}

describe("planRemovedRanges()", () => {
  it.each([
    ["nothing", [], []],
    ["one", [range(3, 5)], [range(3, 5)]],
    ["order", [range(7, 9), range(1, 2)], [range(1, 2), range(7, 9)]],
    ["neighbours", [range(3, 5), range(5, 6)], [range(3, 6)]],
    ["overlaps", [range(3, 9), range(1, 4), range(5, 6)], [range(1, 9)]],
    ["what lies outside", [range(-3, 2), range(90, 120), range(200, 300)], [range(0, 2), range(90, 100)]],
    ["parts of blocks", [range(1.5, 3.5), range(10.2, 10.8), range(20, 20)], [range(2, 3)]],
  ])("brings in order: %s", (_, given, expected) => {
    expect(planRemovedRanges(given, PAGES * BLOCK_BYTES)).toEqual(expected)
  })
})

it("clipRanges() cuts at both ends", () => {
  const ranges = [range(0, 4), range(6, 8), range(10, 20)]
  expect(clipRanges(ranges, 3 * BLOCK_BYTES, 12 * BLOCK_BYTES)).toEqual([
    range(3, 4),
    range(6, 8),
    range(10, 12),
  ])
  expect(clipRanges(ranges, 4 * BLOCK_BYTES, 6 * BLOCK_BYTES)).toEqual([])
})
