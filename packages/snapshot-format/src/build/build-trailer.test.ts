import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { anyBuildId, buildIdOf } from "../_arbitraries.ts"
import { expectEveryBitCounts, expectNothingMisread, formatErrorOf } from "../_damage.ts"
import { seal, viewOf } from "../envelope/envelope.ts"
import { BLOCK_BYTES, MEMORY_BYTES_MAX } from "../limits.ts"
import {
  BUILD_FOOTER_BYTES,
  decodeBuildFooter,
  decodeBuildTrailer,
  encodeBuildTrailer,
} from "./build-trailer.ts"
import type { BuildTrailer } from "./build-trailer.ts"

const TRAILER: BuildTrailer = {
  buildId: buildIdOf(5),
  checksums: Uint32Array.of(0, 0xffff_ffff, 0x1234_5678),
}

const anyTrailer: fc.Arbitrary<BuildTrailer> = fc.record({
  buildId: anyBuildId,
  checksums: fc.uint32Array({ maxLength: 20 }),
})

function footerOf(trailer: BuildTrailer): Uint8Array {
  return encodeBuildTrailer(trailer).slice(-BUILD_FOOTER_BYTES)
}

/** The footer with a `u32` changed and its checksum made good again */
function withU32(offset: number, value: number): Uint8Array {
  const bytes = footerOf(TRAILER)
  viewOf(bytes).setUint32(offset, value, true)
  return seal(bytes)
}

describe("decodeBuildTrailer()", () => {
  it("gives back any trailer", () => {
    fc.assert(
      fc.property(anyTrailer, (trailer) => {
        expect(decodeBuildTrailer(encodeBuildTrailer(trailer))).toEqual(trailer)
      }),
    )
  })

  it("notices every flipped bit, every cut and every tail", () => {
    expectEveryBitCounts(encodeBuildTrailer(TRAILER), decodeBuildTrailer)
  })

  it("never misreads damaged bytes", () => {
    expectNothingMisread(anyTrailer.map(encodeBuildTrailer), {
      decode: decodeBuildTrailer,
      encode: encodeBuildTrailer,
    })
  })

  it("names a damaged table and a missing part of it", () => {
    const bytes = encodeBuildTrailer(TRAILER)
    expect(formatErrorOf(() => decodeBuildTrailer(bytes.with(5, 1)))).toMatchObject({ code: "bad_checksum" })
    expect(formatErrorOf(() => decodeBuildTrailer(bytes.slice(4)))).toMatchObject({ code: "truncated" })
  })
})

describe("decodeBuildFooter()", () => {
  const fileBytes = 3 * (BLOCK_BYTES + 4) + BUILD_FOOTER_BYTES

  it("says where everything lies", () => {
    expect(decodeBuildFooter(footerOf(TRAILER), fileBytes)).toMatchObject({
      buildId: buildIdOf(5),
      blockCount: 3,
      dataBytes: 3 * BLOCK_BYTES,
      trailerBytes: 12 + BUILD_FOOTER_BYTES,
      fileBytes,
    })
  })

  it("takes a build without blocks", () => {
    const footer = footerOf({ buildId: buildIdOf(5), checksums: new Uint32Array(0) })
    expect(decodeBuildFooter(footer, BUILD_FOOTER_BYTES)).toMatchObject({ blockCount: 0, dataBytes: 0 })
  })

  it("notices every flipped bit, every cut and every tail", () => {
    expectEveryBitCounts(footerOf(TRAILER), decodeBuildFooter)
  })

  it.each([
    ["a file that is cut", footerOf(TRAILER), fileBytes - BLOCK_BYTES, "truncated"],
    ["a file that is too long", footerOf(TRAILER), fileBytes + 1, "invalid"],
    ["the data of a file that is cut", new Uint8Array(BUILD_FOOTER_BYTES), fileBytes, "bad_magic"],
    ["a future version", withU32(8, 2), fileBytes, "unsupported_version"],
    ["blocks of another size", withU32(12, 65_536), fileBytes, "invalid"],
    ["more blocks than 1 TiB has", withU32(16, MEMORY_BYTES_MAX / BLOCK_BYTES + 1), fileBytes, "too_large"],
    ["more blocks than a number holds", withU32(20, 0xffff_ffff), fileBytes, "too_large"],
    ["a build id of other letters", withU32(24, 0), fileBytes, "invalid"],
    ["reserved bytes that are not zero", withU32(56, 1), fileBytes, "invalid"],
  ])("names %s", (_, bytes, actualFileBytes, code) => {
    expect(formatErrorOf(() => decodeBuildFooter(bytes, actualFileBytes))).toMatchObject({ code })
  })
})
