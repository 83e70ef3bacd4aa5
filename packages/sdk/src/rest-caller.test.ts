import { ROUTES } from "@thaw/api"
import { describe, expect, it } from "vitest"

import { RestCaller } from "./rest-caller.ts"

describe("RestCaller", () => {
  it("makes the address of a route", () => {
    const caller = new RestCaller({ url: "https://thaw.example/base/", apiKey: "thaw_k" })
    expect(caller.urlOf(ROUTES.getSandbox, { id: "a/b" }).href).toBe(
      "https://thaw.example/base/v1/sandboxes/a%2Fb",
    )
    expect(caller.urlOf(ROUTES.listSandboxes, { query: "limit=5" }).href).toBe(
      "https://thaw.example/base/v1/sandboxes?limit=5",
    )
  })

  it.each(["", "127.0.0.1:8080", "ftp://x", "nonsense"])("refuses the address %j", (url) => {
    expect(() => new RestCaller({ url, apiKey: "k" })).toThrow("is not an http or https URL")
  })

  it.each(["", "a b", "a\r\nX: y", "ä"])("refuses the key %j", (apiKey) => {
    expect(() => new RestCaller({ url: "http://x", apiKey })).toThrow("visible ASCII")
  })
})
