import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { anyHeader, buildIdOf } from "../_arbitraries.ts"
import { HeaderIndex } from "./header-index.ts"
import { lookupBlock } from "./lookup-block.ts"
import type { MemoryHeader } from "./memory-header.ts"

const HEADER: MemoryHeader = {
  memoryBytes: 0x8000,
  generation: 0,
  buildId: buildIdOf(1),
  baseBuildId: buildIdOf(1),
  mappings: [
    { offsetBytes: 0, lengthBytes: 0x2000, build: undefined, buildOffsetBytes: 0 },
    { offsetBytes: 0x2000, lengthBytes: 0x5000, build: buildIdOf(1), buildOffsetBytes: 0x9000 },
    { offsetBytes: 0x7000, lengthBytes: 0x1000, build: buildIdOf(2), buildOffsetBytes: 0 },
  ],
}

describe("lookupBlock()", () => {
  it.each([
    [0, { build: undefined, buildOffsetBytes: 0, runBytes: 0x2000 }],
    [0x1000, { build: undefined, buildOffsetBytes: 0, runBytes: 0x1000 }],
    [0x2000, { build: buildIdOf(1), buildOffsetBytes: 0x9000, runBytes: 0x5000 }],
    [0x6000, { build: buildIdOf(1), buildOffsetBytes: 0xd000, runBytes: 0x1000 }],
    [0x6fff, { build: buildIdOf(1), buildOffsetBytes: 0xdfff, runBytes: 1 }],
    [0x7000, { build: buildIdOf(2), buildOffsetBytes: 0, runBytes: 0x1000 }],
  ])("finds %d", (offsetBytes, location) => {
    expect(lookupBlock(HEADER, offsetBytes)).toEqual(location)
  })

  it.each([-1, 0x8000, Number.NaN, Number.POSITIVE_INFINITY])("refuses %d", (offsetBytes) => {
    expect(() => lookupBlock(HEADER, offsetBytes)).toThrow(RangeError)
    expect(() => new HeaderIndex(HEADER).find(offsetBytes)).toThrow(RangeError)
  })
})

describe("HeaderIndex", () => {
  it("lists the builds in order of appearance", () => {
    expect(new HeaderIndex(HEADER).builds).toEqual([buildIdOf(1), buildIdOf(2)])
  })

  it("finds what a search from the front finds, and so does lookupBlock()", () => {
    fc.assert(
      fc.property(anyHeader, fc.nat(), (header, number) => {
        const offsetBytes = number % header.memoryBytes
        const index = header.mappings.findLastIndex((mapping) => mapping.offsetBytes <= offsetBytes)
        const mapping = header.mappings[index]
        const headerIndex = new HeaderIndex(header)
        const location = lookupBlock(header, offsetBytes)
        expect(headerIndex.find(offsetBytes)).toBe(index)
        expect(headerIndex.startBytes(index)).toBe(mapping?.offsetBytes)
        expect(headerIndex.endBytes(index)).toBe(offsetBytes + location.runBytes)
        expect(headerIndex.builds[headerIndex.buildNumber(index)]).toBe(location.build)
        expect(location.build).toBe(mapping?.build)
        if (location.build === undefined) return
        expect(headerIndex.buildOffsetBytes(index, offsetBytes)).toBe(location.buildOffsetBytes)
        expect(location.buildOffsetBytes - offsetBytes).toBe(
          (mapping?.buildOffsetBytes ?? 0) - (mapping?.offsetBytes ?? 0),
        )
      }),
      { numRuns: 500 },
    )
  })
})
