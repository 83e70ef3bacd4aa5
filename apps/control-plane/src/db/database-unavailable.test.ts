import { expect, test } from "vitest"

import { isDatabaseUnavailable } from "./database-unavailable.ts"

const failure = (message: string, more: object = {}) => Object.assign(new Error(message), more)

test.each([
  ["a server that is full", failure("too many clients", { code: "53300" })],
  ["a full disk", failure("no space", { code: "53100" })],
  ["a statement that took too long", failure("canceled", { code: "57014" })],
  ["a deadlock", failure("deadlock detected", { code: "40P01" })],
  ["a standby", failure("read-only transaction", { code: "25006" })],
  ["a broken connection", failure("connection failure", { code: "08006" })],
  ["a name that does not resolve now", failure("getaddrinfo", { code: "EAI_AGAIN" })],
  ["no route", failure("connect", { code: "ENETUNREACH" })],
  ["silence", failure("Query read timeout")],
])("%s is an outage", (_name, error) => {
  expect(isDatabaseUnavailable(error)).toBe(true)
})

test.each([
  ["a violated constraint", failure("duplicate key", { code: "23505" })],
  ["an unknown table", failure("does not exist", { code: "42P01" })],
  ["another error", failure("something else")],
  ["a code that only begins like one", failure("08", { code: "08" })],
  ["what is no error", "08006"],
])("%s is none", (_name, error) => {
  expect(isDatabaseUnavailable(error)).toBe(false)
})
