import type { FileHandle } from "node:fs/promises"

import { describe, expect, test } from "vitest"

import { writeWhole } from "./spooled-file.ts"

describe("writeWhole()", () => {
  test("goes on where a short write has stopped", async () => {
    const written: number[] = []
    const write = async (chunk: Uint8Array, offset: number, length: number) => {
      const part = chunk.subarray(offset, offset + Math.min(length, 3))
      written.push(...part)
      return { bytesWritten: part.length, buffer: chunk }
    }
    await writeWhole({ write } as unknown as FileHandle, Uint8Array.from([1, 2, 3, 4, 5, 6, 7]))
    expect(written).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  test("fails where the disk is full", async () => {
    const full = Object.assign(new Error("no space left"), { code: "ENOSPC" })
    const writes = [() => Promise.resolve({ bytesWritten: 1 }), () => Promise.reject(full)]
    const write = () => writes.shift()?.()
    await expect(writeWhole({ write } as unknown as FileHandle, new Uint8Array(2))).rejects.toBe(full)
  })
})
