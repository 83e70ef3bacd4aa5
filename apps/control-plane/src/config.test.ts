import { describe, expect, test } from "vitest"

import { ConfigError, parseConfig, type Env } from "./config.ts"

function problemsOf(env: Env): readonly string[] {
  try {
    parseConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe("parseConfig()", () => {
  test("an empty environment gives the defaults", () => {
    expect(parseConfig({})).toEqual({
      listen: { host: "127.0.0.1", port: 8080 },
      database: { kind: "pglite", dir: "/var/lib/thaw/db" },
      dataDir: "/var/lib/thaw",
      hostAgentUrl: "http://127.0.0.1:50051",
      hostAgentTokenFile: "/var/lib/thaw/secrets/host-agent-token",
      apiKeyFile: "/var/lib/thaw/secrets/api-key",
      logLevel: "info",
    })
  })

  test("the data directory moves what lies in it", () => {
    const config = parseConfig({ THAW_DATA_DIR: "/data" })
    expect(config.database).toEqual({ kind: "pglite", dir: "/data/db" })
    expect(config.apiKeyFile).toBe("/data/secrets/api-key")
  })

  test.each([
    ["[::1]:80", { host: "::1", port: 80 }],
    ["0.0.0.0:0", { host: "0.0.0.0", port: 0 }],
    ["localhost:65535", { host: "localhost", port: 65_535 }],
  ])("listens on %s", (text, listen) => {
    expect(parseConfig({ THAW_LISTEN: text }).listen).toEqual(listen)
  })

  test.each(["postgres://u:p@h/d", "postgresql://h/d"])("%s is a PostgreSQL database", (url) => {
    expect(parseConfig({ DATABASE_URL: url }).database).toEqual({ kind: "postgres", url })
  })

  test.each([
    ["THAW_LISTEN", "8080"],
    ["THAW_LISTEN", "127.0.0.1:65536"],
    ["THAW_LISTEN", "127.0.0.1:http"],
    ["DATABASE_URL", "mysql://h/d"],
    ["DATABASE_URL", "pglite:relative"],
    ["DATABASE_URL", ""],
    ["THAW_DATA_DIR", "relative"],
    ["THAW_HOST_AGENT_URL", "127.0.0.1:50051"],
    ["THAW_HOST_AGENT_URL", "https://h"],
    ["THAW_LOG_LEVEL", "loud"],
    ["THAW_API_KEY_FILE", ""],
  ])("%s=%s is refused by name", (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringContaining(name)])
  })

  test("every mistake is told, and no password", () => {
    const problems = problemsOf({ THAW_LISTEN: "x", DATABASE_URL: "ftp://u:secret@h", THAW_LOG_LEVEL: "y" })
    expect(problems).toHaveLength(3)
    expect(problems.join()).not.toContain("secret")
  })
})
