import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"

import type { SandboxBody, TemplateBody } from "@thaw/api"
import { describe, expect, it } from "vitest"

import { ThawClient } from "./thaw-client.ts"

interface Answer {
  readonly status: number
  readonly json?: object
}

/** A server that gives one answer to everything and keeps what it was asked */
async function startServer(answer: Answer) {
  const asked: string[] = []
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request)
    asked.push(`${request.method} ${request.url} ${body}`.trim())
    response.writeHead(answer.status, { "content-type": "application/json" })
    response.end(answer.json === undefined ? undefined : JSON.stringify(answer.json))
  }
  const server = createServer((request, response) => void respond(request, response))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const client = new ThawClient({ url: `http://127.0.0.1:${port}`, apiKey: "thaw_k" })
  return {
    client,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const SANDBOX: SandboxBody = {
  id: "sbx1",
  status: "paused",
  template: "base",
  vcpus: 1,
  memory_mib: 512,
  timeout_sec: 300,
  on_timeout: "pause",
  metadata: {},
  created_at: "2030-01-01T00:00:00.000Z",
  updated_at: "2030-01-01T00:00:00.000Z",
  pause: {
    generation: 1,
    stop_ms: 31.5,
    durable_ms: 210.25,
    bytes_written: 4096,
    at: "2030-01-01T00:00:00.000Z",
    steps: [{ name: "freeze", duration_ms: 2.5 }],
  },
}

const TEMPLATE: TemplateBody = {
  name: "snap.1",
  type: "snapshot",
  vcpus: 2,
  memory_mib: 512,
  size_bytes: 4096,
  created_at: "2030-01-01T00:00:00.000Z",
  parent: "base",
  sandbox_id: "sbx1",
  stop_ms: 12.5,
}

describe("ThawClient", () => {
  it("pauses, resumes and changes a sandbox", async () => {
    await using server = await startServer({ status: 200, json: SANDBOX })
    const { client, asked } = server
    expect(await client.pauseSandbox("sbx1")).toEqual(SANDBOX)
    expect(await client.resumeSandbox("sbx1")).toEqual(SANDBOX)
    await client.updateSandbox("sbx1", { timeout_sec: 60, on_timeout: "pause", metadata: { a: "b" } })
    expect(asked).toEqual([
      "POST /v1/sandboxes/sbx1/pause",
      "POST /v1/sandboxes/sbx1/resume",
      'PATCH /v1/sandboxes/sbx1 {"timeout_sec":60,"on_timeout":"pause","metadata":{"a":"b"}}',
    ])
  })

  it("makes and shows snapshots", async () => {
    await using server = await startServer({ status: 201, json: TEMPLATE })
    const { client, asked } = server
    expect(await client.createSnapshot({ sandbox_id: "sbx1" })).toEqual(TEMPLATE)
    await client.createSnapshot({ sandbox_id: "sbx1", name: "snap.1" }, { overwrite: true })
    expect(await client.getSnapshot("snap.1")).toEqual(TEMPLATE)
    expect(asked).toEqual([
      'POST /v1/snapshots {"sandbox_id":"sbx1"}',
      'POST /v1/snapshots?overwrite=true {"sandbox_id":"sbx1","name":"snap.1"}',
      "GET /v1/snapshots/snap.1",
    ])
  })

  it("lists snapshots", async () => {
    await using server = await startServer({ status: 200, json: { items: [TEMPLATE] } })
    expect(await server.client.listSnapshots()).toEqual({ items: [TEMPLATE] })
    await server.client.listSnapshots({ type: "base" })
    expect(server.asked).toEqual(["GET /v1/snapshots", "GET /v1/snapshots?type=base"])
  })

  it("deletes a snapshot", async () => {
    await using server = await startServer({ status: 204 })
    await server.client.deleteSnapshot("a/b")
    expect(server.asked).toEqual(["DELETE /v1/snapshots/a%2Fb"])
  })

  it("passes on the server's error", async () => {
    const error = { code: "wrong_state", message: "is paused", details: { status: "paused" } }
    await using server = await startServer({ status: 409, json: { error } })
    await expect(server.client.pauseSandbox("sbx1")).rejects.toMatchObject(error)
    await expect(server.client.deleteSnapshot("base")).rejects.toMatchObject(error)
  })
})
