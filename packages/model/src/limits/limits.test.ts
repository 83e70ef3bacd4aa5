import { describe, expect, it } from "vitest"

import { LIMITS, planHostCapacity } from "./limits.ts"

describe("planHostCapacity()", () => {
  it("keeps a part of the memory for the host and counts the smallest sandboxes in the rest", () => {
    expect(planHostCapacity({ cpus: 2, memoryMib: 24_105 })).toEqual({
      vcpusMax: 2,
      memoryMibMax: 23_081,
      sandboxesMax: 120,
    })
  })

  it("lets one sandbox run on the smallest host", () => {
    expect(planHostCapacity({ cpus: 1, memoryMib: 512 })).toEqual({
      vcpusMax: 1,
      memoryMibMax: LIMITS.memoryMibMin,
      sandboxesMax: 1,
    })
  })

  it("has no more sandboxes than there are slots", () => {
    expect(planHostCapacity({ cpus: 512, memoryMib: 64 * 1024 * 1024 }).sandboxesMax).toBe(LIMITS.slotMax)
  })
})
