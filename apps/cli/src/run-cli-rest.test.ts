import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"

import type { SandboxBody, TemplateBody } from "@thaw/api"
import { encodeHeader, parseBuildId } from "@thaw/snapshot-format"
import { describe, expect, it } from "vitest"

import { runCli } from "./run-cli.ts"

const ID = "sbxaaaaaaaaaaaaaaaaa"
const OTHER_ID = "sbxbbbbbbbbbbbbbbbbb"
const AT = "2030-01-01T00:00:00.000Z"

const SANDBOX: SandboxBody = {
  id: ID,
  status: "paused",
  template: "base",
  vcpus: 1,
  memory_mib: 512,
  timeout_sec: 300,
  on_timeout: "destroy",
  metadata: {},
  created_at: AT,
  updated_at: AT,
  pause: { generation: 1, stop_ms: 31, durable_ms: 210, bytes_written: 4096, at: AT, steps: [] },
}

const SNAPSHOT: TemplateBody = {
  name: "tools",
  type: "snapshot",
  vcpus: 1,
  memory_mib: 512,
  size_bytes: 4096,
  created_at: AT,
  parent: "base",
  sandbox_id: ID,
  stop_ms: 12,
}

type Answer = readonly [status: number, json?: object]

/** A server that speaks as the control plane does, and a way to run command lines against it */
async function startServer(answers: Readonly<Record<string, Answer>>) {
  const asked: string[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request)
    const route = `${request.method} ${request.url}`
    asked.push(`${route} ${body}`.trim())
    const unknown: Answer = [404, { error: { code: "not_found", message: `nothing at ${route}` } }]
    const [status, json] = answers[route] ?? unknown
    response.writeHead(status, { "content-type": "application/json" })
    response.end(json === undefined ? undefined : JSON.stringify(json))
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    asked,
    run: async (...words: string[]) => await runWords(words, apiUrl),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function runWords(words: readonly string[], apiUrl?: string) {
  const texts = { stdout: "", stderr: "" }
  const apiKey = apiUrl === undefined ? undefined : "thaw_k"
  const exitCode = await runCli(words, {
    config: { dataDir: "/nonexistent/thaw", apiUrl, apiKey, path: "/bin" },
    stdout: { write: (part) => (texts.stdout += part) },
    stderr: { write: (part) => (texts.stderr += part) },
  })
  return { exitCode, ...texts }
}

describe("thaw sandbox", () => {
  it("pauses several, and goes on after one that cannot be", async () => {
    const wrong = { error: { code: "wrong_state", message: "it is stopped" } }
    await using server = await startServer({
      [`POST /v1/sandboxes/${OTHER_ID}/pause`]: [409, wrong],
      [`POST /v1/sandboxes/${ID}/pause`]: [200, SANDBOX],
    })
    expect(await server.run("sandbox", "pause", OTHER_ID, ID)).toEqual({
      exitCode: 5,
      stdout: `${ID}  generation 1, stopped the guest for 31 ms, on disk after 210 ms, 4.0 KiB written\n`,
      stderr: "thaw: it is stopped\n",
    })
    const json = await server.run("sandbox", "pause", ID, "--json")
    expect(JSON.parse(json.stdout)).toEqual({ items: [SANDBOX] })
  })

  it("resumes", async () => {
    await using server = await startServer({ [`POST /v1/sandboxes/${ID}/resume`]: [200, SANDBOX] })
    expect(await server.run("sbx", "resume", ID)).toEqual({ exitCode: 0, stdout: `${ID}\n`, stderr: "" })
  })

  it("changes what is named and nothing else", async () => {
    await using server = await startServer({ [`PATCH /v1/sandboxes/${ID}`]: [200, SANDBOX] })
    await server.run("sandbox", "set", ID, "--timeout", "60", "--on-timeout", "pause")
    await server.run("sandbox", "set", ID, "--timeout-sec=0", "--metadata", "a=b", "--metadata", "c=d")
    const { exitCode, stdout } = await server.run("sandbox", "set", ID, "--clear-metadata")
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^status +paused$/m)
    expect(server.asked).toEqual([
      `PATCH /v1/sandboxes/${ID} {"timeout_sec":60,"on_timeout":"pause"}`,
      `PATCH /v1/sandboxes/${ID} {"timeout_sec":0,"metadata":{"a":"b","c":"d"}}`,
      `PATCH /v1/sandboxes/${ID} {"metadata":{}}`,
    ])
  })

  it("creates from a snapshot, with what happens when it is over", async () => {
    await using server = await startServer({ "POST /v1/sandboxes": [201, SANDBOX] })
    await server.run("sandbox", "create", "--template", "tools", "--on-timeout", "pause", "--timeout", "60")
    expect(server.asked).toEqual([
      'POST /v1/sandboxes {"template":"tools","timeout_sec":60,"on_timeout":"pause"}',
    ])
  })
})

describe("thaw snapshot", () => {
  it("creates and prints the name", async () => {
    await using server = await startServer({
      "POST /v1/snapshots": [201, SNAPSHOT],
      "POST /v1/snapshots?overwrite=true": [201, SNAPSHOT],
    })
    expect(await server.run("snapshot", "create", ID)).toEqual({
      exitCode: 0,
      stdout: "tools\n",
      stderr: "the sandbox stood still for 12 ms, 4.0 KiB on disk\n",
    })
    const json = await server.run("snapshot", "create", ID, "tools", "--overwrite", "--json")
    expect(json).toEqual({ exitCode: 0, stdout: `${JSON.stringify(SNAPSHOT)}\n`, stderr: "" })
    expect(server.asked).toEqual([
      `POST /v1/snapshots {"sandbox_id":"${ID}"}`,
      `POST /v1/snapshots?overwrite=true {"sandbox_id":"${ID}","name":"tools"}`,
    ])
  })

  it("lists, shows and deletes", async () => {
    await using server = await startServer({
      "GET /v1/snapshots?type=snapshot": [200, { items: [SNAPSHOT] }],
      "GET /v1/snapshots/tools": [200, SNAPSHOT],
      "DELETE /v1/snapshots/tools": [204],
    })
    expect((await server.run("snapshot", "ls", "--type", "snapshot")).stdout).toMatch(/^tools +snapshot/m)
    expect((await server.run("snapshot", "get", "tools")).stdout).toMatch(/^stop_ms +12$/m)
    expect(await server.run("snapshot", "rm", "other", "tools")).toEqual({
      exitCode: 4,
      stdout: "tools\n",
      stderr: "thaw: nothing at DELETE /v1/snapshots/other\n",
    })
  })

  it("inspects a file without a platform", async () => {
    await using stack = new AsyncDisposableStack()
    const directory = await mkdtemp(join(tmpdir(), "thaw-inspect-"))
    stack.defer(() => rm(directory, { recursive: true }))
    const path = join(directory, "memfile.header")
    const build = parseBuildId("0123456789abcdef")
    const mappings = [{ offsetBytes: 0, lengthBytes: 4096, build, buildOffsetBytes: 0 }]
    const header = { memoryBytes: 4096, generation: 0, buildId: build, baseBuildId: build, mappings }
    await writeFile(path, encodeHeader(header))
    const shown = await runWords(["snapshot", "inspect", path])
    expect(shown).toMatchObject({ exitCode: 0, stderr: "" })
    expect(shown.stdout).toContain(`${path}\n\nbuild `)
    const json = await runWords(["snapshot", "inspect", path, "--json", "--mappings", "0"])
    expect(JSON.parse(json.stdout)).toMatchObject({
      path,
      build_id: build,
      generation: 0,
      builds: [{ build_id: build, bytes: 4096, mappings: 1 }],
      mapping_count: 1,
      mappings: [],
    })

    await writeFile(path, "no header at all")
    const damaged = await runWords(["snapshot", "inspect", path, "--json"])
    expect(damaged).toMatchObject({ exitCode: 1, stdout: "" })
    expect(JSON.parse(damaged.stderr)).toMatchObject({
      error: { code: "data_loss", details: { reason: expect.stringMatching(/^(bad_magic|truncated)$/) } },
    })
    expect((await runWords(["snapshot", "inspect", join(directory, "other")])).exitCode).toBe(4)
  })
})
