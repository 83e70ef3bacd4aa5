import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { anyBuildId } from "./_arbitraries.ts"
import { isBuildId, parseBuildId, readBuildId, writeBuildId } from "./build-id.ts"

describe("parseBuildId()", () => {
  it.each(["0000000000000000", "01k3x9zabcdefghj", "zzzzzzzzzzzzzzzz"])("takes %j", (text) => {
    expect(parseBuildId(text)).toBe(text)
  })

  it.each([
    "",
    "000000000000000",
    "00000000000000000",
    "i000000000000000",
    "l000000000000000",
    "o000000000000000",
    "u000000000000000",
    "A000000000000000",
    "../../etc/passwd",
    "0000000000000000\n",
    "\0".repeat(16),
  ])("refuses %j", (text) => {
    expect(isBuildId(text)).toBe(false)
    expect(() => parseBuildId(text)).toThrow(expect.objectContaining({ code: "invalid" }))
  })
})

it("writes and reads a build id at any place", () => {
  fc.assert(
    fc.property(anyBuildId, fc.nat(8), (build, offset) => {
      const bytes = new Uint8Array(32)
      writeBuildId(bytes, offset, build)
      expect(readBuildId(bytes, offset)).toBe(build)
    }),
  )
})
