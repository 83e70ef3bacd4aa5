import { BLOCK_BYTES, parseBuildId, type BuildId, type MemoryHeader } from "@thaw/snapshot-format"
import { describe, expect, it } from "vitest"

import { planCompactionOf } from "./plan-compaction-of.ts"

function build(number: number): BuildId {
  return parseBuildId(String(number).padStart(16, "0"))
}

/** Build `i` of `count` has `count - i` blocks */
function headerOf(count: number): MemoryHeader {
  let offsetBytes = 0
  const mappings = Array.from({ length: count }, (_, index) => {
    const lengthBytes = (count - index) * BLOCK_BYTES
    const mapping = { offsetBytes, lengthBytes, build: build(index), buildOffsetBytes: 0 }
    offsetBytes += lengthBytes
    return mapping
  })
  mappings.push({ offsetBytes, lengthBytes: BLOCK_BYTES, build: undefined, buildOffsetBytes: 0 } as never)
  return {
    memoryBytes: offsetBytes + BLOCK_BYTES,
    generation: count - 1,
    buildId: build(0),
    baseBuildId: build(0),
    mappings,
  }
}

function numbers(builds: Iterable<BuildId> | undefined): number[] | undefined {
  return builds && Array.from(builds, Number)
}

describe("planCompactionOf()", () => {
  it.each([
    { what: "as many as may be", count: 4, shared: [], merge: undefined },
    { what: "one more, all its own", count: 5, shared: [], merge: [0, 1, 2, 3, 4] },
    { what: "what others name stays", count: 5, shared: [0, 1], merge: [2, 3, 4] },
    { what: "one of its own is one already", count: 5, shared: [0, 1, 2, 3], merge: undefined },
    { what: "all shared", count: 16, shared: Array.from({ length: 16 }, (_, i) => i), merge: undefined },
  ])("$what", ({ count, shared, merge }) => {
    const namedByOthers = new Set(shared.map(build))
    expect(numbers(planCompactionOf(headerOf(count), { namedByOthers, buildsMax: 4 }))).toEqual(merge)
  })

  it("copies shared data too rather than let a header name builds without end", () => {
    const namedByOthers = new Set(Array.from({ length: 17 }, (_, index) => build(index)))
    const merge = planCompactionOf(headerOf(17), { namedByOthers, buildsMax: 4 })
    expect(numbers(merge)).toEqual(Array.from({ length: 14 }, (_, index) => index + 3))
  })
})
