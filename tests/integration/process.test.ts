import { createHash } from "node:crypto"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { CommandFailedError, run, waitUntilGone } from "@thaw/linux"
import { startSimulatedHostAgent } from "@thaw/testkit"
import { afterEach, beforeEach, describe, expect, test } from "vitest"

import { ApiClient } from "./_api-client.ts"
import { CONTROL_PLANE_MAIN as MAIN, startControlPlaneProcess } from "./_control-plane-process.ts"
import { API_KEY, HOST_TOKEN, writeEnv } from "./_harness.ts"
import { formBytes, upload } from "./_multipart.ts"

const MIB = 1024 * 1024
const LARGE_BYTES = 200 * MIB
const RSS_MIB_MAX = 300

describe("the control plane as a process", () => {
  let dataDir = ""
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "thaw-process-"))
  })
  afterEach(async () => {
    await rm(dataDir, { recursive: true, force: true })
  })

  test("every mistake of the configuration is told at once, with exit code 2", async () => {
    const env = { THAW_LISTEN: "nowhere", DATABASE_URL: "mysql://u:secret@h/d", THAW_LOG_LEVEL: "loud" }
    const failure = await run([process.execPath, MAIN], { timeoutMs: 20_000, env }).catch(
      (error: unknown) => error,
    )
    if (!(failure instanceof CommandFailedError)) throw new Error("it did not fail", { cause: failure })
    expect(failure.exitCode).toBe(2)
    for (const name of Object.keys(env)) expect(failure.stderr).toContain(name)
    expect(failure.stderr).not.toContain("secret")
  })

  test("a missing secret file ends it with its reason", async () => {
    const env = { THAW_DATA_DIR: dataDir, THAW_LISTEN: "127.0.0.1:0" }
    const failure = await run([process.execPath, MAIN], { timeoutMs: 20_000, env }).catch(
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("host-agent-token") })
  })

  test("200 MiB go up and down with bounded memory on a fresh PGlite, and SIGTERM ends it cleanly", async () => {
    await using host = await startSimulatedHostAgent({ token: HOST_TOKEN })
    const databaseUrl = `pglite:${join(dataDir, "db")}`
    const env = await writeEnv({ dataDir, databaseUrl, hostAgentUrl: host.url })
    const logPath = join(dataDir, "log")
    await using started = await startControlPlaneProcess({ env, logPath })
    const { url, identity } = started
    const { id } = await new ApiClient(url, API_KEY).create()
    const hash = createHash("sha256")
    const sent = await upload(
      `${url}/v1/sandboxes/${id}/files/write`,
      formBytes([
        { name: "path", value: "/tmp/large" },
        { name: "file", content: blocks(hash) },
      ]),
    )
    expect(sent.status).toBe(200)
    expect(host.sandboxes.find(id)?.files.describe("/tmp/large")).toMatchObject({
      sizeBytes: LARGE_BYTES,
      sha256: hash.digest("hex"),
    })
    expect(await download(`${url}/v1/sandboxes/${id}/files/read`, `/sim/large/${LARGE_BYTES}`)).toBe(
      LARGE_BYTES,
    )
    expect(await rssMib(identity.pid)).toBeLessThan(RSS_MIB_MAX)
    process.kill(identity.pid, "SIGTERM")
    expect(await waitUntilGone(identity, 9_000)).toBe(true)
    expect(await readFile(logPath, "utf8")).not.toContain('"level":50')
  })
})

function* blocks(hash: ReturnType<typeof createHash>): Generator<Uint8Array> {
  for (let sent = 0; sent < LARGE_BYTES; sent += MIB) {
    const block = Buffer.alloc(MIB, sent / MIB)
    hash.update(block)
    yield block
  }
}

async function download(url: string, path: string): Promise<number> {
  const outgoing = request(url, {
    method: "POST",
    headers: { "x-api-key": API_KEY, "content-type": "application/json" },
  })
  outgoing.end(JSON.stringify({ path }))
  return await new Promise((resolve, reject) => {
    outgoing.on("error", reject)
    outgoing.on("response", (response) => {
      let bytes = 0
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length
      })
      response.on("error", reject)
      response.on("end", () => resolve(bytes))
    })
  })
}

/** The most memory that a process has had: VmHWM, proc(5) */
async function rssMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8")
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}
