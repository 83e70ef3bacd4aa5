import { LIMITS } from "@thaw/model"
import { describe, expect, it } from "vitest"

import { InputQueue } from "./input-queue.ts"

/** A process that reads only when it is told to */
function startReader() {
  const taken: string[] = []
  const gate = Promise.withResolvers<void>()
  return {
    taken,
    read: () => gate.resolve(),
    writeStdin: async (data: Uint8Array) => {
      await gate.promise
      taken.push(data.length > 20 ? `${data.length} bytes` : Buffer.from(data).toString())
    },
    closeStdin: async () => {
      await gate.promise
      taken.push("closed")
    },
  }
}

describe("InputQueue", () => {
  it("does not wait for a process that does not read, and keeps the order", async () => {
    const reader = startReader()
    const input = new InputQueue(reader)
    await input.write(Buffer.from("one"))
    await input.write(Buffer.from("two"))
    input.close()
    expect(reader.taken).toEqual([])
    reader.read()
    await input.drained()
    expect(reader.taken).toEqual(["one", "two", "closed"])
  })

  it("waits once it holds its limit", async () => {
    const reader = startReader()
    const input = new InputQueue(reader)
    await input.write(new Uint8Array(LIMITS.stdinBytesMax))
    let isWritten = false
    const writing = input.write(Buffer.from("x")).then(() => (isWritten = true))
    await Promise.resolve()
    expect(isWritten).toBe(false)
    reader.read()
    await writing
    expect(reader.taken).toEqual([`${LIMITS.stdinBytesMax} bytes`, "x"])
  })

  it("raises what a write failed with", async () => {
    const failing = new InputQueue({
      writeStdin: async () => await Promise.reject(new Error("gone")),
      closeStdin: async () => await Promise.resolve(),
    })
    await failing.write(Buffer.from("x"))
    await expect(failing.drained()).rejects.toThrow("gone")
  })
})
