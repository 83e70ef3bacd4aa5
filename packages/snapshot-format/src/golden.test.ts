import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { describe, expect, it } from "vitest"

import { decodeBuildTrailer, encodeBuildTrailer } from "./build/build-trailer.ts"
import { parseBuildId } from "./build-id.ts"
import { decodeHeader, encodeHeader } from "./header/header-codec.ts"
import type { MemoryHeader } from "./header/memory-header.ts"
import { decodeWorkingSet, encodeWorkingSet } from "./working-set/working-set.ts"

// Files as they are on disks of users: every version must be read for ever. They are written only for a new version, with
// THAW_WRITE_GOLDEN=1.
const FOLDER = join(import.meta.dirname, "..", "golden")
const LINE_BYTES = 16

const HEADER: MemoryHeader = {
  memoryBytes: 512 * 1024 * 1024,
  generation: 3,
  buildId: parseBuildId("01k3x9zabcdefghj"),
  baseBuildId: parseBuildId("01k3x9y000000000"),
  mappings: [
    { offsetBytes: 0, lengthBytes: 0x1000, build: undefined, buildOffsetBytes: 0 },
    {
      offsetBytes: 0x1000,
      lengthBytes: 0x2000,
      build: parseBuildId("01k3x9zabcdefghj"),
      buildOffsetBytes: 0,
    },
    {
      offsetBytes: 0x3000,
      lengthBytes: 0x10_0000,
      build: parseBuildId("01k3x9y000000000"),
      buildOffsetBytes: 0x4_5000,
    },
    {
      offsetBytes: 0x10_3000,
      lengthBytes: 0x1000,
      build: parseBuildId("01k3x9zabcdefghj"),
      buildOffsetBytes: 0x2000,
    },
    { offsetBytes: 0x10_4000, lengthBytes: 0x1fef_c000, build: undefined, buildOffsetBytes: 0 },
  ],
}
const TRAILER = {
  buildId: parseBuildId("01k3x9zabcdefghj"),
  checksums: Uint32Array.of(0xc71c_0011, 0xf154_670a, 1),
}
const PAGES = [0, 1, 2, 0x100, 0x102, 0x1_ffff]
const RUNS = [
  { offsetBytes: 0, lengthBytes: 0x3000 },
  { offsetBytes: 0x10_0000, lengthBytes: 0x1000 },
  { offsetBytes: 0x10_2000, lengthBytes: 0x1000 },
  { offsetBytes: 0x1fff_f000, lengthBytes: 0x1000 },
]

function golden(name: string, encoded: Uint8Array): Uint8Array {
  const path = join(FOLDER, name)
  if (process.env.THAW_WRITE_GOLDEN === "1") writeFileSync(path, hexLines(encoded))
  return Uint8Array.from(Buffer.from(readFileSync(path, "utf8").replaceAll(/\s/g, ""), "hex"))
}

function hexLines(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += LINE_BYTES) {
    lines.push(Buffer.from(bytes.subarray(at, at + LINE_BYTES)).toString("hex"))
  }
  return `${lines.join("\n")}\n`
}

describe("golden files", () => {
  it("memory header, version 1", () => {
    const encoded = encodeHeader(HEADER)
    const bytes = golden("memory-header-v1.hex", encoded)
    expect(decodeHeader(bytes)).toEqual(HEADER)
    expect(encoded).toEqual(bytes)
  })

  it("build trailer, version 1", () => {
    const encoded = encodeBuildTrailer(TRAILER)
    const bytes = golden("build-trailer-v1.hex", encoded)
    expect(decodeBuildTrailer(bytes)).toEqual(TRAILER)
    expect(encoded).toEqual(bytes)
  })

  it("working set, version 1", () => {
    const encoded = encodeWorkingSet(PAGES)
    const bytes = golden("working-set-v1.hex", encoded)
    expect(decodeWorkingSet(bytes, HEADER.memoryBytes)).toEqual(RUNS)
    expect(encoded).toEqual(bytes)
  })
})
