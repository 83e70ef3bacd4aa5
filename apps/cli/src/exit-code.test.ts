import { PlatformError, type ErrorCode } from "@thaw/model"
import { describe, expect, it } from "vitest"

import { exitCodeOf, exitCodeOfCommand, exitCodeOfOutputError } from "./exit-code.ts"

describe("exitCodeOf()", () => {
  const rows: [ErrorCode, number][] = [
    ["invalid_argument", 2],
    ["unauthenticated", 2],
    ["unavailable", 3],
    ["not_found", 4],
    ["wrong_state", 5],
    ["already_exists", 5],
    ["deadline_exceeded", 124],
    ["capacity_exhausted", 1],
    ["internal", 1],
  ]
  it.each(rows)("gives %s the code %i", (code, expected) => {
    expect(exitCodeOf(new PlatformError(code, "x"))).toBe(expected)
  })

  it("gives any other error 1", () => {
    expect(exitCodeOf(new Error("x"))).toBe(1)
    expect(exitCodeOf("text")).toBe(1)
  })
})

it("exitCodeOfOutputError() tells a reader that is gone from a full disk", () => {
  expect(exitCodeOfOutputError(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }))).toBe(141)
  expect(exitCodeOfOutputError(Object.assign(new Error("write ENOSPC"), { code: "ENOSPC" }))).toBe(1)
})

describe("exitCodeOfCommand()", () => {
  it.each([
    [{ exitCode: 0, timedOut: false }, 0],
    [{ exitCode: 42, timedOut: false }, 42],
    [{ exitCode: -1, timedOut: false }, 255],
    [{ exitCode: 0, signal: 9, timedOut: false }, 137],
    [{ exitCode: 0, signal: "SIGINT", timedOut: false }, 130],
    [{ exitCode: 7, signal: 0, timedOut: false }, 7],
    [{ exitCode: 0, signal: 9, timedOut: true }, 124],
  ])("%o gives %i", (exit, expected) => {
    expect(exitCodeOfCommand(exit)).toBe(expected)
  })
})
