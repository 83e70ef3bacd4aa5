import { expect, it } from "vitest"

import { isStaticExecutable } from "./elf.ts"

function elf(programHeaderTypes: readonly number[]): Buffer {
  const file = Buffer.alloc(64 + 56 * programHeaderTypes.length)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1])
  file.writeBigUInt64LE(64n, 32)
  file.writeUInt16LE(56, 54)
  file.writeUInt16LE(programHeaderTypes.length, 56)
  for (const [index, type] of programHeaderTypes.entries()) file.writeUInt32LE(type, 64 + 56 * index)
  return file
}

it("an executable is static when no program header names a loader", () => {
  expect(isStaticExecutable(elf([1, 1]))).toBe(true)
  expect(isStaticExecutable(elf([1, 3]))).toBe(false)
})

it.each([
  ["an empty file", Buffer.alloc(0)],
  ["a script", Buffer.from("#!/bin/sh\n".padEnd(100))],
  ["a file that ends early", elf([1, 1]).subarray(0, 100)],
])("%s is no static executable", (_, file) => {
  expect(isStaticExecutable(file)).toBe(false)
})
