import { describe, expect, it } from "vitest"

import { buildIdOf } from "../_arbitraries.ts"
import { BLOCK_BYTES } from "../limits.ts"
import { describeHeader, formatHeader } from "./describe-header.ts"
import type { MemoryHeader } from "./memory-header.ts"

const HEADER: MemoryHeader = {
  memoryBytes: 8 * BLOCK_BYTES,
  generation: 2,
  buildId: buildIdOf(3),
  baseBuildId: buildIdOf(1),
  mappings: [
    { offsetBytes: 0, lengthBytes: BLOCK_BYTES, build: buildIdOf(1), buildOffsetBytes: 0 },
    { offsetBytes: 4096, lengthBytes: 3 * BLOCK_BYTES, build: buildIdOf(3), buildOffsetBytes: 0 },
    { offsetBytes: 16_384, lengthBytes: 2 * BLOCK_BYTES, build: undefined, buildOffsetBytes: 0 },
    { offsetBytes: 24_576, lengthBytes: 2 * BLOCK_BYTES, build: buildIdOf(1), buildOffsetBytes: 0x5000 },
  ],
}

describe("describeHeader()", () => {
  it("counts bytes by build, most first", () => {
    expect(describeHeader(HEADER, 1)).toEqual({
      buildId: buildIdOf(3),
      baseBuildId: buildIdOf(1),
      generation: 2,
      memoryBytes: 32_768,
      mappingCount: 4,
      builds: [
        { build: buildIdOf(1), bytes: 12_288, mappings: 2 },
        { build: buildIdOf(3), bytes: 12_288, mappings: 1 },
      ],
      zeroBytes: 8192,
      zeroMappings: 1,
      firstMappings: HEADER.mappings.slice(0, 1),
    })
  })
})

describe("formatHeader()", () => {
  it("prints a header readably", () => {
    expect(formatHeader(HEADER, 3)).toMatchInlineSnapshot(`
      "build       0000000000000003
      base build  0000000000000001
      generation  2
      memory      32768 bytes (8 blocks)
      mappings    4

      stored in                    bytes   share  mappings
      0000000000000001             12288  37.5 %         2
      0000000000000003             12288  37.5 %         1
      zero                          8192  25.0 %         1

      memory offset         bytes  stored in                 at
                0x0          4096  0000000000000001         0x0
             0x1000         12288  0000000000000003         0x0
             0x4000          8192  zero
      … 1 more
      "
    `)
  })
})
