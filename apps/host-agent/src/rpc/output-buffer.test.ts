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

  it("drops what is over its limit and says so", () => {
    const buffer = new OutputBuffer(4)
    buffer.append(Buffer.from("abc"))
    buffer.append(Buffer.from("def"))
    buffer.append(Buffer.from("g"))
    expect(Buffer.from(buffer.bytes()).toString()).toBe("abcd")
    expect(buffer.isTruncated).toBe(true)
  })
})
