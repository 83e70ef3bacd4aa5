import { expect, test } from "vitest"

import { ConfigError, parseConfig } from "./config.ts"

test("has defaults", () => {
  expect(parseConfig({})).toEqual({
    dataDir: "/var/lib/thaw",
    idleTimeoutMs: 60_000,
    handshakeTimeoutMs: 30_000,
    logLevel: "info",
  })
})

test("prefers the command line, by which a process list tells whose pager it is", () => {
  expect(parseConfig({ THAW_DATA_DIR: "/a" }).dataDir).toBe("/a")
  expect(parseConfig({ THAW_DATA_DIR: "/a" }, ["--data-dir=/b"]).dataDir).toBe("/b")
})

test("names every mistake at once", () => {
  const parse = () =>
    parseConfig({ THAW_LOG_LEVEL: "loud", THAW_PAGER_IDLE_TIMEOUT_MS: "soon" }, ["--data-dir=x"])
  expect(parse).toThrow(ConfigError)
  expect(parse).toThrow(/THAW_DATA_DIR[\s\S]*THAW_PAGER_IDLE_TIMEOUT_MS[\s\S]*THAW_LOG_LEVEL/)
  expect(() => parseConfig({}, ["--no-such-option"])).toThrow(/command line/)
})
