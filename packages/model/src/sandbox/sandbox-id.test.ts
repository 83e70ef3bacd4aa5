import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { isSandboxId, parseSandboxId, sandboxIdFromBytes } from "./sandbox-id.ts"
import { parseTemplateName } from "./template-name.ts"

describe("sandboxIdFromBytes()", () => {
  it("makes an id of any random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 17, maxLength: 40 }), (bytes) => {
        expect(isSandboxId(sandboxIdFromBytes(bytes))).toBe(true)
      }),
    )
  })

  it("gives every letter the same chance", () => {
    const letters = new Set(
      Array.from({ length: 256 }, (_, byte) => sandboxIdFromBytes(new Uint8Array(17).fill(byte))[3]),
    )
    expect(letters.size).toBe(32)
  })

  it("refuses too few bytes", () => {
    expect(() => sandboxIdFromBytes(new Uint8Array(16))).toThrow(RangeError)
  })
})

describe("parseSandboxId()", () => {
  it.each([
    "",
    "sbx",
    "sbxaaaaaaaaaaaaaaaa",
    "sbxaaaaaaaaaaaaaaaaaa",
    "sbxAaaaaaaaaaaaaaaaa",
    "sbx1aaaaaaaaaaaaaaaa",
    "../etc",
    "sbxaaaaaaaaaaaaaaaaa\n",
  ])("refuses %j", (text) => {
    expect(() => parseSandboxId(text)).toThrow(expect.objectContaining({ code: "invalid_argument" }))
  })
})

describe("parseTemplateName()", () => {
  it.each(["base", "a", "Python-3.11_x", "9lives", "a".repeat(64)])("takes %j", (text) => {
    expect(parseTemplateName(text)).toBe(text)
  })

  it.each(["", ".", "..", "a..b", "-a", "_a", "a/b", "a b", "a\0", "ä", "a".repeat(65), "a\n"])(
    "refuses %j",
    (text) => {
      expect(() => parseTemplateName(text)).toThrow(expect.objectContaining({ code: "invalid_argument" }))
    },
  )
})
