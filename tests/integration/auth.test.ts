import { afterAll, beforeAll, expect, test } from "vitest"
import { WebSocket } from "ws"

import { ApiClient, errorOf } from "./_api-client.ts"
import { describeOnEachDatabase } from "./_databases.ts"
import { API_KEY, HOST_TOKEN, Harness } from "./_harness.ts"

describeOnEachDatabase("API keys", (source) => {
  let harness: Harness
  beforeAll(async () => {
    harness = await Harness.start(await source.createDatabase())
  })
  afterAll(async () => {
    await harness[Symbol.asyncDispose]()
  })

  test.each([
    ["no key", {}],
    ["an empty key", { "x-api-key": "" }],
    ["another key with the same beginning", { "x-api-key": `${API_KEY.slice(0, -1)}x` }],
    ["a part of the key", { "x-api-key": API_KEY.slice(0, 25) }],
    ["a long key", { "x-api-key": API_KEY.repeat(50) }],
    ["a key that is no ASCII", { "x-api-key": `thaw_${"\u00fc".repeat(30)}` }],
    ["another scheme", { authorization: `Basic ${API_KEY}` }],
    ["a wrong bearer", { authorization: "Bearer nothing-of-the-kind-at-all" }],
  ])("%s is refused", async (_name, headers) => {
    const paths = ["/v1/sandboxes", "/v1/nothing", "/v1", "/%761/sandboxes", "/v1/sandboxes/x/exec/stream"]
    for (const path of paths) {
      const response = await fetch(harness.url + path, { headers })
      expect([path, response.status]).toEqual([path, 401])
      expect(await response.json()).toMatchObject({ error: { code: "unauthenticated" } })
    }
  })

  test.each([
    ["X-API-Key", { "x-api-key": API_KEY }],
    ["Authorization", { authorization: `Bearer ${API_KEY}` }],
    ["authorization in lower case", { authorization: `bearer ${API_KEY}` }],
  ])("the key is taken from %s", async (_name, headers) => {
    const response = await fetch(`${harness.url}/v1/sandboxes`, { headers })
    expect(response.status).toBe(200)
  })

  test("a key in the URL does not count", async () => {
    expect((await fetch(`${harness.url}/v1/sandboxes?api_key=${API_KEY}`)).status).toBe(401)
  })

  test("an unknown route is told from an unknown key only with a key", async () => {
    const answer = await harness.api.call("GET", "/v1/nothing")
    expect([answer.status, errorOf(answer).code]).toEqual([404, "not_found"])
  })

  test("a WebSocket without a key, of an unknown or a stopped sandbox is refused as HTTP", async () => {
    const { api } = harness
    const { id } = await api.create()
    const path = `/v1/sandboxes/${id}/exec/stream`
    expect(await refusal(harness.url + path, {})).toMatchObject({ status: 401, code: "unauthenticated" })
    const unknown = `/v1/sandboxes/sbx${"b".repeat(17)}/exec/stream`
    const headers = { "x-api-key": API_KEY }
    expect(await refusal(harness.url + unknown, headers)).toMatchObject({ status: 404, code: "not_found" })
    const other = { ...headers, origin: "https://evil.example" }
    expect(await refusal(harness.url + path, other)).toMatchObject({ status: 403, code: "permission_denied" })
    await api.call("DELETE", `/v1/sandboxes/${id}`)
    expect(await refusal(harness.url + path, headers)).toMatchObject({ status: 409, code: "wrong_state" })
    expect(await refusal(`${harness.url}/v1/nothing`, headers)).toMatchObject({
      status: 404,
      code: "not_found",
    })
  })

  test("a browser sends its key as a subprotocol, from a page of the same server", async () => {
    const { id } = await harness.api.create()
    const url = `${harness.url.replace("http", "ws")}/v1/sandboxes/${id}/exec/stream`
    const socket = new WebSocket(url, ["thaw.exec.v1", `thaw.api-key.${API_KEY}`], { origin: harness.url })
    const protocol = await new Promise((resolve, reject) => {
      socket.on("open", () => resolve(socket.protocol))
      socket.on("error", reject)
    })
    expect(protocol).toBe("thaw.exec.v1")
    socket.terminate()
  })

  test("secrets are in no log line", async () => {
    await harness.api.create({ envs: { SECRET: "env-value-to-hide" } })
    await new ApiClient(harness.url, `${API_KEY}x`).call("GET", "/v1/sandboxes")
    const log = harness.logLines.join("")
    expect(log).toContain("/v1/sandboxes")
    for (const secret of [API_KEY, HOST_TOKEN, "env-value-to-hide"]) expect(log).not.toContain(secret)
  })

  test("a request has an id, the client's own when it is a harmless one", async () => {
    const given = await harness.api.call("GET", "/healthz", { headers: { "x-request-id": "abc-1" } })
    expect(given.headers.get("x-request-id")).toBe("abc-1")
    const strange = await harness.api.call("GET", "/healthz", { headers: { "x-request-id": "a b" } })
    expect(strange.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/)
  })
})

async function refusal(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; code: string }> {
  const socket = new WebSocket(url.replace("http", "ws"), { headers })
  return await new Promise((resolve, reject) => {
    socket.on("open", () => reject(new Error("the WebSocket was opened")))
    socket.on("error", reject)
    socket.on("unexpected-response", (_request, response) => {
      let text = ""
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString()
      })
      response.on("end", () => {
        const body = JSON.parse(text) as { error: { code: string } }
        resolve({ status: response.statusCode ?? 0, code: body.error.code })
      })
    })
  })
}
