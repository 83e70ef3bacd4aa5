import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { anyHeader, buildIdOf } from "../_arbitraries.ts"
import { expectEveryBitCounts, expectNothingMisread, formatErrorOf } from "../_damage.ts"
import { seal, viewOf } from "../envelope/envelope.ts"
import { BLOCK_BYTES, HEADER_BYTES_MAX, MEMORY_BYTES_MAX } from "../limits.ts"
import { decodeHeader, encodeHeader } from "./header-codec.ts"
import type { Mapping, MemoryHeader } from "./memory-header.ts"

const ZERO: Mapping = { offsetBytes: 0, lengthBytes: BLOCK_BYTES, build: undefined, buildOffsetBytes: 0 }
const DATA: Mapping = { ...ZERO, offsetBytes: BLOCK_BYTES, build: buildIdOf(1), buildOffsetBytes: 8192 }
const HEADER: MemoryHeader = {
  memoryBytes: 2 * BLOCK_BYTES,
  generation: 7,
  buildId: buildIdOf(2),
  baseBuildId: buildIdOf(3),
  mappings: [ZERO, DATA],
}

/** The encoded header with a `u32` changed and its checksum made good again */
function withU32(offset: number, value: number): Uint8Array {
  const bytes = encodeHeader(HEADER)
  viewOf(bytes).setUint32(offset, value, true)
  return seal(bytes)
}

describe("decodeHeader()", () => {
  it("gives back any header", () => {
    fc.assert(
      fc.property(anyHeader, (header) => {
        expect(decodeHeader(encodeHeader(header))).toEqual(header)
      }),
    )
  })

  it("gives back a header of the largest memory", () => {
    const whole = { ...ZERO, lengthBytes: MEMORY_BYTES_MAX }
    const header = { ...HEADER, memoryBytes: MEMORY_BYTES_MAX, mappings: [whole] }
    expect(decodeHeader(encodeHeader(header))).toEqual(header)
  })

  it("reads from the middle of a larger buffer", () => {
    const bytes = encodeHeader(HEADER)
    const buffer = new Uint8Array(bytes.length + 9)
    buffer.set(bytes, 3)
    expect(decodeHeader(buffer.subarray(3, 3 + bytes.length))).toEqual(HEADER)
  })

  it("notices every flipped bit, every cut and every tail", () => {
    expectEveryBitCounts(encodeHeader(HEADER), decodeHeader)
  })

  it("never misreads damaged bytes", () => {
    expectNothingMisread(anyHeader.map(encodeHeader), { decode: decodeHeader, encode: encodeHeader })
  })

  it.each([
    ["empty", new Uint8Array(0), "truncated"],
    ["part of the magic", encodeHeader(HEADER).slice(0, 5), "truncated"],
    ["cut in the mappings", encodeHeader(HEADER).slice(0, -9), "truncated"],
    ["another kind of file", new TextEncoder().encode("THAWBILD".padEnd(200)), "bad_magic"],
    ["a future version", withU32(8, 2), "unsupported_version"],
    ["a future version, cut", withU32(8, 2).slice(0, 12), "unsupported_version"],
    ["a count that grew", encodeHeader(HEADER).with(30, 9), "truncated"],
    ["a changed generation", encodeHeader(HEADER).with(24, 8), "bad_checksum"],
    ["more than the largest header", new Uint8Array(HEADER_BYTES_MAX + 1), "too_large"],
  ])("names what is wrong with %s", (_, bytes, code) => {
    expect(formatErrorOf(() => decodeHeader(bytes))).toMatchObject({ code })
  })

  it.each([
    ["blocks of another size", 12, 8192, "invalid"],
    ["a memory of no whole blocks", 16, 8193, "invalid"],
    ["a memory of nothing", 16, 0, "invalid"],
    ["a memory over 1 TiB", 20, 0x101, "too_large"],
    ["a memory of 2^60 bytes", 20, 0x1000_0000, "too_large"],
    ["a larger memory than is mapped", 16, 3 * BLOCK_BYTES, "invalid"],
    ["more mappings than blocks", 16, BLOCK_BYTES, "invalid"],
    ["more builds than it has room for", 28, 0xffff_ffff, "truncated"],
    ["more mappings than it has room for", 32, 0xffff_ffff, "truncated"],
    ["fewer mappings than it has room for", 32, 1, "invalid"],
    ["a build id of other letters", 36, 0x2f2e2e2f, "invalid"],
    ["an empty mapping", 84, 0, "invalid"],
    ["a mapping beyond the memory", 84, 0xffff_ffff, "invalid"],
    ["zero memory with a place", 92, 1, "invalid"],
    ["a build that is not in its table", 100, 2, "invalid"],
    ["a build that nothing names", 100, 0, "invalid"],
    ["a place beyond the largest build", 104, 0xffff_ffff, "invalid"],
  ])("refuses %s, however well sealed", (_, offset, value, code) => {
    expect(formatErrorOf(() => decodeHeader(withU32(offset, value)))).toMatchObject({ code })
  })

  it("refuses builds that are listed in another order than they are named in", () => {
    const mappings = [
      { ...DATA, offsetBytes: 0 },
      { ...DATA, build: buildIdOf(4) },
    ]
    const bytes = encodeHeader({ ...HEADER, mappings })
    const [first, second] = [bytes.slice(68, 84), bytes.slice(84, 100)]
    bytes.set(second, 68)
    bytes.set(first, 84)
    const view = viewOf(bytes)
    view.setUint32(104, 2, true)
    view.setUint32(116, 1, true)
    expect(formatErrorOf(() => decodeHeader(seal(bytes)))).toMatchObject({ code: "invalid" })
  })

  it("refuses a build that is listed twice", () => {
    const mappings = [
      { ...DATA, offsetBytes: 0 },
      { ...DATA, build: buildIdOf(4) },
    ]
    const bytes = encodeHeader({ ...HEADER, mappings })
    bytes.copyWithin(84, 68, 84)
    expect(formatErrorOf(() => decodeHeader(seal(bytes)))).toMatchObject({
      code: "invalid",
      message: expect.stringContaining("twice"),
    })
  })
})

describe("encodeHeader()", () => {
  it.each<[string, Partial<MemoryHeader>, string]>([
    ["a gap", { mappings: [DATA] }, "invalid"],
    ["an overlap", { mappings: [ZERO, DATA, DATA] }, "invalid"],
    ["a missing end", { mappings: [ZERO] }, "invalid"],
    ["no mappings", { mappings: [] }, "invalid"],
    ["too much memory", { memoryBytes: MEMORY_BYTES_MAX + BLOCK_BYTES }, "too_large"],
    ["part of a block", { memoryBytes: BLOCK_BYTES + 1 }, "invalid"],
    ["a negative generation", { generation: -1 }, "invalid"],
    ["a generation over 32 bits", { generation: 2 ** 32 }, "invalid"],
    ["a build id of other letters", { buildId: "../../etc/passwd" as never }, "invalid"],
    ["a mapped build id of other letters", { mappings: [ZERO, { ...DATA, build: "x" as never }] }, "invalid"],
    ["a place of no whole blocks", { mappings: [ZERO, { ...DATA, buildOffsetBytes: 1 }] }, "invalid"],
    ["zero memory with a place", { mappings: [{ ...ZERO, buildOffsetBytes: 4096 }, DATA] }, "invalid"],
  ])("refuses %s", (_, change, code) => {
    expect(formatErrorOf(() => encodeHeader({ ...HEADER, ...change }))).toMatchObject({ code })
  })

  it("refuses a header over its largest size", () => {
    const mappings: Mapping[] = []
    mappings.length = Math.ceil(HEADER_BYTES_MAX / 12)
    expect(formatErrorOf(() => encodeHeader({ ...HEADER, mappings }))).toMatchObject({ code: "too_large" })
  })
})
