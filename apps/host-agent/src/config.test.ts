import { describe, expect, it } from "vitest"

import { ConfigError, parseConfig } from "./config.ts"

describe("parseConfig()", () => {
  it("has a default for everything", () => {
    expect(parseConfig({})).toEqual({
      dataDir: "/var/lib/thaw",
      isPrefetching: true,
      isPrewarming: true,
      listen: { host: "127.0.0.1", port: 50_051 },
      tokenFile: "/var/lib/thaw/secrets/host-agent-token",
      artifactsDir: undefined,
      templatesDir: undefined,
      accelerator: "auto",
      slotPoolSize: 2,
      dnsServers: ["1.1.1.1", "8.8.8.8"],
      bootTimeoutMs: 60_000,
      logLevel: "info",
    })
  })

  it("names every mistake at once", () => {
    const parse = () =>
      parseConfig({ THAW_DATA_DIR: "here", THAW_HOST_AGENT_LISTEN: "50051", THAW_SLOT_POOL_SIZE: "many" })
    expect(parse).toThrow(ConfigError)
    expect(parse).toThrow(/THAW_DATA_DIR[^]*THAW_HOST_AGENT_LISTEN[^]*THAW_SLOT_POOL_SIZE/)
  })

  it.each([
    ["[::1]:50051", { host: "::1", port: 50_051 }],
    ["0.0.0.0:1", { host: "0.0.0.0", port: 1 }],
  ])("reads the address %s", (text, listen) => {
    expect(parseConfig({ THAW_HOST_AGENT_LISTEN: text }).listen).toEqual(listen)
  })

  it.each(["127.0.0.1", "127.0.0.1:70000", ":1", "127.0.0.1:x"])("refuses the address %s", (text) => {
    expect(() => parseConfig({ THAW_HOST_AGENT_LISTEN: text })).toThrow(ConfigError)
  })
})
