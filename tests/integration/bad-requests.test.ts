import { connect } from "node:net"

import { afterAll, beforeAll, expect, test } from "vitest"

import { errorOf, type RequestOptions } from "./_api-client.ts"
import { describeOnEachDatabase } from "./_databases.ts"
import { API_KEY, Harness } from "./_harness.ts"

const KEY = Buffer.alloc(16).toString("base64")
const JSON_TYPE = { "content-type": "application/json" }

type BadRequest = readonly [
  method: string,
  path: string,
  options: RequestOptions,
  code: string,
  status: number,
]

/** `{id}` stands for a running sandbox, `{stopped}` for a stopped one */
const BAD_REQUESTS: readonly BadRequest[] = [
  ["POST", "/v1/sandboxes", { json: { unknown: 1 } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: [] }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: "text" }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { vcpus: "1" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { vcpus: 0 } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { vcpus: 1.5 } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { vcpus: 1e99 } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { memory_mib: 127 } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { timeout_sec: -1 } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { timeout_sec: 30 * 24 * 3600 + 1 } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { template: "../etc" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { template: "a/b" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { template: "a..b" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { template: "" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { template: null } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { metadata: { a: 1 } } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { metadata: { a: "\0" } } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { metadata: { a: "\ud800" } } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { metadata: { "": "x" } } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { metadata: { ["k".repeat(65)]: "x" } } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { metadata: { k: "x".repeat(1025) } } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { metadata: entries(65) } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { envs: { "A B": "x" } } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { json: { envs: { A: "x".repeat(128 * 1024) } } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { body: "{", headers: JSON_TYPE }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { body: "nope", headers: JSON_TYPE }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { body: "{} {}", headers: JSON_TYPE }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes", { body: '{"__proto__": {"a": 1}}', headers: JSON_TYPE }, "invalid_argument", 400],
  [
    "POST",
    "/v1/sandboxes",
    { body: '{"metadata": {"__proto__": "x"}}', headers: JSON_TYPE },
    "invalid_argument",
    400,
  ],
  [
    "POST",
    "/v1/sandboxes",
    { body: '{"metadata": {"constructor": {"prototype": {}}}}', headers: JSON_TYPE },
    "invalid_argument",
    400,
  ],
  ["POST", "/v1/sandboxes", { body: "[".repeat(200_000), headers: JSON_TYPE }, "invalid_argument", 400],
  [
    "POST",
    "/v1/sandboxes",
    { body: `{"metadata":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, headers: JSON_TYPE },
    "invalid_argument",
    400,
  ],
  [
    "POST",
    "/v1/sandboxes",
    { body: Buffer.from('{"template":"\xff"}', "latin1"), headers: JSON_TYPE },
    "invalid_argument",
    400,
  ],
  ["POST", "/v1/sandboxes", { json: { envs: { A: "x".repeat(9_000_000) } } }, "payload_too_large", 413],
  [
    "POST",
    "/v1/sandboxes",
    { body: "a=b", headers: { "content-type": "text/plain" } },
    "unsupported_media_type",
    415,
  ],
  [
    "POST",
    "/v1/sandboxes",
    { body: "{}", headers: { "content-type": "application/x-www-form-urlencoded" } },
    "unsupported_media_type",
    415,
  ],
  ["POST", "/v1/sandboxes", { body: form({ path: "a" }) }, "unsupported_media_type", 415],
  ["GET", "/v1/sandboxes?unknown=1", {}, "invalid_argument", 400],
  ["GET", "/v1/sandboxes?metadata=1", {}, "invalid_argument", 400],
  ["GET", "/v1/sandboxes?status=nothing", {}, "invalid_argument", 400],
  ["GET", "/v1/sandboxes?limit=0", {}, "invalid_argument", 400],
  ["GET", "/v1/sandboxes?limit=1001", {}, "invalid_argument", 400],
  ["GET", "/v1/sandboxes?limit=x", {}, "invalid_argument", 400],
  ["GET", "/v1/sandboxes?limit=1&limit=2", {}, "invalid_argument", 400],
  ["GET", "/v1/sandboxes?template=..", {}, "invalid_argument", 400],
  ["GET", "/v1/sandboxes?cursor=abc", {}, "invalid_argument", 400],
  ["GET", "/v1/sandboxes?cursor=", {}, "invalid_argument", 400],
  [
    "GET",
    `/v1/sandboxes?cursor=${cursor(`99999999999999.sbx${"a".repeat(17)}`)}x`,
    {},
    "invalid_argument",
    400,
  ],
  [
    "GET",
    `/v1/sandboxes?cursor=${cursor(`999999999999999.sbx${"a".repeat(17)}`)}`,
    {},
    "invalid_argument",
    400,
  ],
  ["GET", "/v1/sandboxes?metadata.a=%00", {}, "invalid_argument", 400],
  ["GET", "/v1/sandboxes?metadata.__proto__=a", {}, "invalid_argument", 400],
  ["GET", "/v1/sandboxes?metadata.__proto__=a&metadata.b=%00", {}, "invalid_argument", 400],
  ["GET", "/v1/nothing", {}, "not_found", 404],
  ["GET", "/nothing", {}, "not_found", 404],
  ["GET", "/v1/sandboxes/", {}, "not_found", 404],
  ["GET", "/v1/sandboxes/%zz", {}, "invalid_argument", 400],
  ["PUT", "/v1/sandboxes", { json: {} }, "method_not_allowed", 405],
  ["PATCH", "/v1/sandboxes", { json: {} }, "method_not_allowed", 405],
  ["PUT", "/v1/sandboxes/{id}", { json: {} }, "method_not_allowed", 405],
  ["PATCH", "/v1/sandboxes/{id}", { json: {} }, "invalid_argument", 400],
  ["PATCH", "/v1/sandboxes/{id}", { json: { timeout_sec: 1.5 } }, "invalid_argument", 400],
  ["GET", "/v1/sandboxes/{id}/pause", {}, "method_not_allowed", 405],
  ["POST", "/v1/sandboxes/{id}/pause", { json: { hard: true } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/resume", { json: [] }, "invalid_argument", 400],
  ["PATCH", "/v1/snapshots/base", { json: {} }, "method_not_allowed", 405],
  ["POST", "/v1/snapshots", {}, "invalid_argument", 400],
  ["POST", "/v1/snapshots", { json: { sandbox_id: 1 } }, "invalid_argument", 400],
  ["GET", "/v1/snapshots?limit=1", {}, "invalid_argument", 400],
  ["GET", "/v1/sandboxes/{id}/exec", {}, "method_not_allowed", 405],
  ["POST", "/healthz", { json: {} }, "method_not_allowed", 405],
  ["OPTIONS", "/v1/sandboxes", {}, "method_not_allowed", 405],
  ["POST", "/v1/sandboxes/{id}/exec", {}, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/exec", { json: { cmd: "" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/exec", { json: { cmd: "a\0b" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/exec", { json: { cmd: "a", args: "b" } }, "invalid_argument", 400],
  [
    "POST",
    "/v1/sandboxes/{id}/exec",
    { json: { cmd: "a", args: Array(1025).fill("") } },
    "invalid_argument",
    400,
  ],
  ["POST", "/v1/sandboxes/{id}/exec", { json: { cmd: "a", cwd: "" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/exec", { json: { cmd: "a", user: "../root" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/exec", { json: { cmd: "a", user: "a/b" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/exec", { json: { cmd: "a", timeout_sec: 0 } }, "invalid_argument", 400],
  [
    "POST",
    "/v1/sandboxes/{id}/exec",
    { json: { cmd: "a", stdin: "!", stdin_encoding: "base64" } },
    "invalid_argument",
    400,
  ],
  [
    "POST",
    "/v1/sandboxes/{id}/exec",
    { json: { cmd: "a", stdin: "x".repeat(4 * 1024 * 1024 + 1) } },
    "invalid_argument",
    400,
  ],
  ["POST", "/v1/sandboxes/{id}/exec", { json: { cmd: "nothing" } }, "not_found", 404],
  ["POST", "/v1/sandboxes/{stopped}/exec", { json: { cmd: "echo" } }, "wrong_state", 409],
  ["GET", "/v1/sandboxes/{id}/exec/stream", {}, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/files/stat", { json: { path: "/nothing" } }, "not_found", 404],
  ["POST", "/v1/sandboxes/{id}/files/stat", { json: { path: "" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/files/stat", { json: { path: "a\0" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/files/stat", { json: { path: "x".repeat(4097) } }, "invalid_argument", 400],
  [
    "POST",
    "/v1/sandboxes/{id}/files/stat",
    { json: { path: "%", path_encoding: "base64" } },
    "invalid_argument",
    400,
  ],
  ["POST", "/v1/sandboxes/{id}/files/mkdir", { json: { path: "/a", mode: "999" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/files/mkdir", { json: { path: "/tmp" } }, "already_exists", 409],
  ["POST", "/v1/sandboxes/{id}/files/move", { json: { from: "/a" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/files/remove", { json: { path: "/tmp" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/files/list", { json: { path: "/nothing" } }, "not_found", 404],
  ["POST", "/v1/sandboxes/{id}/files/read", { json: { path: "/nothing" } }, "not_found", 404],
  ["POST", "/v1/sandboxes/{id}/files/read", { json: { path: "/tmp" } }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/files/write", { json: { path: "/a" } }, "unsupported_media_type", 415],
  ["POST", "/v1/sandboxes/{id}/files/write", { body: form({}) }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/files/write", { body: form({ path: "/a" }) }, "invalid_argument", 400],
  ["POST", "/v1/sandboxes/{id}/files/write", { body: form({ file: "x" }) }, "invalid_argument", 400],
  [
    "POST",
    "/v1/sandboxes/{id}/files/write",
    { body: form({ path: "/a", file: "text" }) },
    "invalid_argument",
    400,
  ],
  [
    "POST",
    "/v1/sandboxes/{id}/files/write",
    { body: form({ path: "/a", other: "x" }) },
    "invalid_argument",
    400,
  ],
  [
    "POST",
    "/v1/sandboxes/{id}/files/write",
    { body: form({ __proto__: "a", constructor: "x" }) },
    "invalid_argument",
    400,
  ],
  [
    "POST",
    "/v1/sandboxes/{id}/files/write",
    { body: "x", headers: { "content-type": "multipart/form-data" } },
    "invalid_argument",
    400,
  ],
  [
    "POST",
    "/v1/sandboxes/{id}/files/write",
    { body: "x", headers: { "content-type": "multipart/form-data; boundary=b" } },
    "invalid_argument",
    400,
  ],
  ["POST", "/v1/sandboxes/{stopped}/files/list", { json: { path: "/" } }, "wrong_state", 409],
  ["POST", "/v1/sandboxes/{stopped}/files/read", { json: { path: "/a" } }, "wrong_state", 409],
  [
    "POST",
    "/v1/sandboxes/{stopped}/files/read",
    { json: { path: "/a" }, headers: { range: "bytes=0-1" } },
    "wrong_state",
    409,
  ],
  ["POST", "/v1/sandboxes/{stopped}/files/write", { body: form({ path: "/a" }) }, "wrong_state", 409],
]

describeOnEachDatabase("bad requests", (source) => {
  let harness: Harness
  const ids = { running: "", stopped: "" }
  beforeAll(async () => {
    harness = await Harness.start(await source.createDatabase())
    ids.running = (await harness.api.create()).id
    ids.stopped = (await harness.api.create()).id
    await harness.api.call("DELETE", `/v1/sandboxes/${ids.stopped}`)
  })
  afterAll(async () => {
    await harness[Symbol.asyncDispose]()
  })

  test.each(
    BAD_REQUESTS.map((request) => [`${request[0]} ${request[1]} ${brief(request[2])}`, request] as const),
  )("%s", async (_name, [method, path, options, code, status]) => {
    const url = path.replace("{id}", ids.running).replace("{stopped}", ids.stopped)
    const answer = await harness.api.call(method, url, options)
    expect({ code: errorOf(answer).code, status: answer.status }).toEqual({ code, status })
    expect(answer.text).not.toMatch(/\bat \S+:\d+|node_modules|\.ts\b/)
  })

  test("a wrong method is told the right ones", async () => {
    const allow = async (method: string, path: string) =>
      (await harness.api.call(method, path)).headers.get("allow")
    expect(await allow("PUT", "/v1/sandboxes")).toBe("POST, GET, HEAD")
    expect(await allow("PUT", `/v1/sandboxes/${ids.running}`)).toBe("GET, HEAD, DELETE, PATCH")
    expect(await allow("POST", `/v1/sandboxes/${ids.running}/exec/stream`)).toBe("GET")
  })

  test("a wrong state tells the state", async () => {
    const answer = await harness.api.call("POST", `/v1/sandboxes/${ids.stopped}/exec`, {
      json: { cmd: "echo" },
    })
    expect(errorOf(answer)).toMatchObject({ code: "wrong_state", details: { status: "stopped" } })
  })

  test("each mistake of a body is named", async () => {
    const answer = await harness.api.call("POST", "/v1/sandboxes", {
      json: { vcpus: 0, nothing: 1, memory_mib: "x" },
    })
    const { message, details } = errorOf(answer)
    for (const part of ["vcpus", "memory_mib", "nothing"]) expect(message).toContain(part)
    expect(details?.["issues"]).toHaveLength(3)
  })

  test("what is no HTTP is answered and cut off", async () => {
    const text = await sendRaw(harness.url, "nonsense\r\n\r\n")
    expect(text).toContain("400 Bad Request")
    expect(text).toContain('"code":"invalid_argument"')
    const long = await sendRaw(harness.url, `GET / HTTP/1.1\r\nx: ${"x".repeat(64 * 1024)}\r\n\r\n`)
    expect(long).toContain("431 Request Header Fields Too Large")
    expect(long).toContain('"code":"invalid_argument"')
  })

  test("a client that was cut off and does not end its half holds no connection", async () => {
    const { port } = new URL(harness.url)
    const socket = connect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true })
    const failed = new Promise<NodeJS.ErrnoException>((resolve) => socket.on("error", resolve))
    socket.write("nonsense\r\n\r\n")
    socket.resume()
    socket.on("end", () => {
      const timer = setInterval(() => socket.write("x"), 20)
      socket.on("close", () => clearInterval(timer))
    })
    expect((await failed).code).toMatch(/^(?:ECONNRESET|EPIPE)$/)
  })

  test("upgrades that are none are answered like everything else", async () => {
    const ask = (method: string, path: string, more = "") =>
      sendRaw(
        harness.url,
        `${method} ${path} HTTP/1.1\r\nhost: x\r\nx-api-key: ${API_KEY}\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n${more}\r\n`,
      )
    const stream = `/v1/sandboxes/${ids.running}/exec/stream`
    for (const headers of ["", `sec-websocket-key: ${KEY}\r\n`, "sec-websocket-version: 13\r\n"]) {
      const answer = await ask("GET", stream, headers)
      expect(answer).toContain("400 Bad Request")
      expect(answer).toContain('"code":"invalid_argument","message":"the upgrade')
    }
    expect(await ask("POST", stream, "content-length: 0\r\n")).toContain('"code":"method_not_allowed"')
    expect(await ask("GET", "/v1/sandboxes?limit=1")).toContain("200 OK")
  })

  test("a mistake that is large is not told at length", async () => {
    const json = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`unknown${index}`, 0]))
    const answer = await harness.api.call("POST", "/v1/sandboxes", { json })
    expect([answer.status, answer.text.length < 5_000]).toEqual([400, true])
    expect(answer.text).toContain("unknown0")
  })

  test("nothing of all this was unexpected", () => {
    expect(harness.logLines.filter((line) => line.includes("unexpectedly"))).toEqual([])
  })
})

/** Sends text that need not be HTTP; gives what came until the server ended the connection */
async function sendRaw(url: string, text: string): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(text))
    let received = ""
    socket.on("data", (data) => {
      received += data.toString()
    })
    socket.on("error", reject)
    socket.on("close", () => resolve(received))
  })
}

function entries(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, "x"]))
}

function cursor(text: string): string {
  return Buffer.from(text).toString("base64url")
}

function form(fields: Record<string, string>): FormData {
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) data.append(name, value)
  return data
}

function brief(options: RequestOptions): string {
  if (options.body instanceof FormData) return `form ${JSON.stringify([...options.body.entries()])}`
  const body = Buffer.isBuffer(options.body) ? options.body.toString("latin1") : options.body
  return JSON.stringify(options.json ?? body ?? "").slice(0, 70)
}
