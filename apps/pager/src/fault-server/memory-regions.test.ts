import { expect, test } from "vitest"

import { MemoryRegions } from "./memory-regions.ts"

const PAGE = 4096
const low = { address: 100 * PAGE, lengthBytes: 3 * PAGE, offsetBytes: 0 }
const high = { address: 200 * PAGE, lengthBytes: 5 * PAGE, offsetBytes: 3 * PAGE }

test("turns addresses into regions, and offsets into addresses up to the end of their region", () => {
  const regions = new MemoryRegions([low, high], 8 * PAGE)
  expect(regions.find(102 * PAGE)).toBe(low)
  expect(regions.find(103 * PAGE)).toBeUndefined()
  expect(regions.find(204 * PAGE)).toBe(high)
  expect(regions.locate(PAGE)).toEqual({ address: 101 * PAGE, runBytes: 2 * PAGE })
  expect(regions.locate(3 * PAGE)).toEqual({ address: 200 * PAGE, runBytes: 5 * PAGE })
  expect(regions.locate(8 * PAGE)).toBeUndefined()
})

test("refuses what does not fit the memory, and what overlaps in the VMM or in the memory", () => {
  expect(() => new MemoryRegions([low, high], 7 * PAGE)).toThrow(/does not fit/)
  expect(() => new MemoryRegions([low, { ...high, address: 102 * PAGE }], 8 * PAGE)).toThrow(
    /overlap at address/,
  )
  expect(() => new MemoryRegions([low, { ...high, offsetBytes: 2 * PAGE }], 8 * PAGE)).toThrow(
    /overlap at offset/,
  )
})
