import { describe, expect, it } from "vitest"

import { OutputBuffer } from "./output-buffer.ts"

describe("OutputBuffer", () => {
  it("keeps output up to its limit without calling it truncated", () => {
    const buffer = new OutputBuffer(4)
    buffer.append(Buffer.from("ab"))
    buffer.append(Buffer.from("cd"))
    expect(Buffer.from(buffer.bytes()).toString()).toBe("abcd")
    expect(buffer.isTruncated).toBe(false)
  })

  it("holds no more than its limit however small the chunks are", () => {
    const buffer = new OutputBuffer(10_000)
    for (let count = 0; count < 50_000; count++) {
      buffer.append(new Uint8Array(0))
      buffer.append(Buffer.alloc(65_536).subarray(0, 1))
    }
    expect(buffer.bytes().length).toBe(10_000)
    expect(buffer.bytes().buffer.byteLength).toBe(10_000)
  })

  it("drops what is over its limit and says so", () => {
    const buffer = new OutputBuffer(4)
    buffer.append(Buffer.from("abc"))
    buffer.append(Buffer.from("def"))
    buffer.append(Buffer.from("g"))
    expect(Buffer.from(buffer.bytes()).toString()).toBe("abcd")
    expect(buffer.isTruncated).toBe(true)
  })
})
