import { describe, expect, it } from "vitest"

import { isSharedObject, isStaticExecutable } from "./elf.ts"

const [EXECUTABLE, SHARED] = [2, 3]
const [LOAD, DYNAMIC, INTERPRETER] = [1, 2, 3]

function elf(type: number, programHeaderTypes: readonly number[]): Buffer {
  const file = Buffer.alloc(64 + 56 * programHeaderTypes.length)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1])
  file.writeUInt16LE(type, 16)
  file.writeBigUInt64LE(64n, 32)
  file.writeUInt16LE(56, 54)
  file.writeUInt16LE(programHeaderTypes.length, 56)
  for (const [index, type] of programHeaderTypes.entries()) file.writeUInt32LE(type, 64 + 56 * index)
  return file
}

const NO_ELF: readonly [string, Buffer][] = [
  ["an empty file", Buffer.alloc(0)],
  ["a script", Buffer.from("#!/bin/sh\n".padEnd(100))],
  ["a file that ends early", elf(SHARED, [DYNAMIC, LOAD]).subarray(0, 100)],
]

describe("isStaticExecutable()", () => {
  it("is true when no program header names a loader", () => {
    expect(isStaticExecutable(elf(EXECUTABLE, [LOAD, LOAD]))).toBe(true)
    expect(isStaticExecutable(elf(EXECUTABLE, [LOAD, INTERPRETER]))).toBe(false)
  })

  it.each(NO_ELF)("is false for %s", (_, file) => {
    expect(isStaticExecutable(file)).toBe(false)
  })
})

describe("isSharedObject()", () => {
  it("is true for what a loader can load, and no program", () => {
    expect(isSharedObject(elf(SHARED, [LOAD, DYNAMIC]))).toBe(true)
    expect(isSharedObject(elf(SHARED, [LOAD]))).toBe(false)
    expect(isSharedObject(elf(SHARED, [INTERPRETER, LOAD, DYNAMIC]))).toBe(false)
    expect(isSharedObject(elf(EXECUTABLE, [LOAD, DYNAMIC]))).toBe(false)
  })

  it.each(NO_ELF)("is false for %s", (_, file) => {
    expect(isSharedObject(file)).toBe(false)
  })
})
