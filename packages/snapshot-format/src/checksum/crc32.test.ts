import { crc32 as zlibCrc32 } from "node:zlib"

import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { crc32 } from "./crc32.ts"

describe("crc32()", () => {
  it("has the check value of CRC-32/ISO-HDLC", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926)
    expect(crc32(new Uint8Array(0))).toBe(0)
  })

  it("agrees with zlib for any bytes, seed and alignment", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(0xffffffff), fc.nat(9), (bytes, seed, start) => {
        const part = bytes.subarray(Math.min(start, bytes.length))
        expect(crc32(part, seed)).toBe(zlibCrc32(part, seed))
      }),
      { numRuns: 1000 },
    )
  })

  it("goes on from the checksum of the bytes before", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
        expect(crc32(bytes.subarray(at), crc32(bytes.subarray(0, at)))).toBe(crc32(bytes))
      }),
    )
  })
})
