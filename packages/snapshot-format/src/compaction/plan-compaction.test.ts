import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { anyHeader, buildIdOf } from "../_arbitraries.ts"
import { lookupBlock } from "../header/lookup-block.ts"
import { namedBuilds, type MemoryHeader } from "../header/memory-header.ts"
import { validateHeader } from "../header/validate-header.ts"
import { BLOCK_BYTES } from "../limits.ts"
import { planCompaction } from "./plan-compaction.ts"

const [OLD, NEWER, OTHER, MERGED] = [buildIdOf(1), buildIdOf(2), buildIdOf(3), buildIdOf(4)]

function block(
  index: number,
  build: typeof OLD | undefined,
  buildBlock: number,
): MemoryHeader["mappings"][0] {
  return {
    offsetBytes: index * BLOCK_BYTES,
    lengthBytes: BLOCK_BYTES,
    build,
    buildOffsetBytes: buildBlock * BLOCK_BYTES,
  }
}

describe("planCompaction()", () => {
  const header: MemoryHeader = {
    memoryBytes: 6 * BLOCK_BYTES,
    generation: 9,
    buildId: NEWER,
    baseBuildId: OLD,
    mappings: [
      block(0, OLD, 3),
      block(1, NEWER, 0),
      block(2, undefined, 0),
      block(3, NEWER, 1),
      block(4, OTHER, 0),
      block(5, OLD, 7),
    ],
  }

  it("copies what is needed, in the order of memory, and joins what is now together", () => {
    const plan = planCompaction(header, { merge: new Set([OLD, NEWER]), buildId: MERGED })
    expect(plan.copies).toEqual([
      { build: OLD, buildOffsetBytes: 3 * BLOCK_BYTES, lengthBytes: BLOCK_BYTES },
      { build: NEWER, buildOffsetBytes: 0, lengthBytes: 2 * BLOCK_BYTES },
      { build: OLD, buildOffsetBytes: 7 * BLOCK_BYTES, lengthBytes: BLOCK_BYTES },
    ])
    expect(plan.header).toEqual({
      ...header,
      buildId: MERGED,
      mappings: [
        { ...block(0, MERGED, 0), lengthBytes: 2 * BLOCK_BYTES },
        block(2, undefined, 0),
        block(3, MERGED, 2),
        block(4, OTHER, 0),
        block(5, MERGED, 3),
      ],
    })
  })

  it("refuses a build that the header names", () => {
    const merge = new Set([OLD])
    expect(() => planCompaction(header, { merge, buildId: OLD })).toThrow(
      expect.objectContaining({ code: "invalid" }),
    )
  })

  it("leads every block of any header to the same data", () => {
    fc.assert(
      fc.property(anyHeader, fc.array(fc.nat(4)), (any, numbers) => {
        const merge = new Set(numbers.map((number) => buildIdOf(1000 + number)))
        const plan = planCompaction(any, { merge, buildId: MERGED })
        validateHeader(plan.header)
        expect([...namedBuilds(plan.header)].filter((build) => merge.has(build))).toEqual([])
        const copied = plan.copies.flatMap(({ build, buildOffsetBytes, lengthBytes }) =>
          Array.from({ length: lengthBytes / BLOCK_BYTES }, (_, index) => ({
            build,
            buildOffsetBytes: buildOffsetBytes + index * BLOCK_BYTES,
          })),
        )
        for (let offsetBytes = 0; offsetBytes < any.memoryBytes; offsetBytes += BLOCK_BYTES) {
          const after = lookupBlock(plan.header, offsetBytes)
          const source = after.build === MERGED ? copied[after.buildOffsetBytes / BLOCK_BYTES] : after
          const before = lookupBlock(any, offsetBytes)
          expect(source?.build).toBe(before.build)
          expect(source?.buildOffsetBytes).toBe(before.buildOffsetBytes)
        }
      }),
    )
  })
})
