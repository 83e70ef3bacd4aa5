import { setTimeout as sleep } from "node:timers/promises"

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"

import { ApiError, type SandboxJson } from "./_api.ts"
import { ExecStream } from "./_exec-stream.ts"
import { startTestPlatform, type TestPlatform } from "./_platform.ts"
import { listFrozenFiles, warmSnapshotIds } from "./_snapshot-files.ts"

const SMALL = { memory_mib: 128 }
const SHORT_SEC = 3
const SHORT_MS = SHORT_SEC * 1000
/** For what the end of a sandbox takes, on a busy machine */
const SLACK_MS = 8_000
/** Longer than the timeout, by enough to be seen */
const BUSY_MS = 2 * SHORT_MS
const MIB = 1024 * 1024
const OVER = { status: "stopped", reason: "timeout reached" }
const REFUSED = { status: 409, body: { error: { code: "wrong_state" } } }

let platform: TestPlatform
beforeAll(async () => {
  platform = await startTestPlatform()
})
afterEach(async () => await expectNothingLeft())
afterAll(async () => await platform[Symbol.asyncDispose]())

describe("the timeout counts from the last activity", () => {
  it("which commands are", async () => {
    const { api } = platform
    const { id } = await api.create({ ...SMALL, timeout_sec: SHORT_SEC })
    const until = performance.now() + BUSY_MS
    let lastMs = 0
    while (performance.now() < until) {
      await sleep(1000)
      await api.exec(id, "true")
      lastMs = performance.now()
    }
    const { expires_at = "" } = await api.get(id)
    expect(Date.parse(expires_at) - Date.now()).toBeGreaterThan(SHORT_MS - 1500)
    await expectOver(id, lastMs)
  })

  it("which a stream is, also after the timeout was changed under it", async () => {
    const { api } = platform
    const { id } = await api.create({ ...SMALL, timeout_sec: 1000 })
    const stream = await ExecStream.open(platform, id, { cmd: "cat", stdin: true })
    await api.json("PATCH", `/v1/sandboxes/${id}`, { timeout_sec: SHORT_SEC })
    await sleep(BUSY_MS)
    expect(await api.get(id)).toMatchObject({ status: "running", timeout_sec: SHORT_SEC })
    stream.stdin("still here\n")
    await stream.until(() => stream.output() === "still here\n")
    stream[Symbol.dispose]()
    await expectOver(id, performance.now())
  })

  it("which a download is", async () => {
    const { api } = platform
    const { id } = await api.create({ ...SMALL, timeout_sec: SHORT_SEC })
    await api.shell(id, `head -c ${64 * MIB} /dev/zero > zeros`)
    const response = await api.fetch(
      "POST",
      `/v1/sandboxes/${id}/files/read`,
      JSON.stringify({ path: "zeros" }),
      { "content-type": "application/json" },
    )
    const startedAt = performance.now()
    let bytes = 0
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      // A client that is slow: what it has not read waits in the sandbox.
      if (performance.now() - startedAt < BUSY_MS) await sleep(500)
    }
    expect(bytes).toBe(64 * MIB)
    await expectOver(id, performance.now())
  })

  it("which an upload is", async () => {
    const { api } = platform
    const { id } = await api.create({ ...SMALL, timeout_sec: SHORT_SEC })
    const boundary = "a-part-of-the-form"
    const response = await api.fetch("POST", `/v1/sandboxes/${id}/files/write`, slowForm(boundary), {
      "content-type": `multipart/form-data; boundary=${boundary}`,
    })
    expect(response.status, await response.text()).toBe(200)
    const lastMs = performance.now()
    expect(await api.shell(id, "stat -c %s slow")).toBe(`${SLOW_CHUNKS * MIB}\n`)
    await expectOver(id, lastMs)
  })
})

describe("on_timeout", () => {
  it("pause: the sandbox is paused, can be resumed, and its time starts anew", async () => {
    const { api } = platform
    const { id } = await api.create({ ...SMALL, timeout_sec: SHORT_SEC, on_timeout: "pause" })
    expect(await api.get(id)).toMatchObject({ on_timeout: "pause" })
    for (const round of [1, 2]) {
      await api.shell(id, `echo ${round} | tee -a disk >> /dev/shm/memory; (sleep 1000 & echo $! > pid)`)
      const paused = await expectStatus(id, "paused", performance.now())
      expect(paused).toMatchObject({ reason: "timeout reached", pause: { generation: round } })
      expect(paused.expires_at).toBeUndefined()
      // What is paused does not age.
      await sleep(SHORT_MS)
      expect(await api.get(id)).toMatchObject({ status: "paused", reason: "timeout reached" })
      const resumed = await api.resume(id)
      expect(resumed).toMatchObject({ status: "running", timeout_sec: SHORT_SEC, on_timeout: "pause" })
      expect(resumed.reason).toBeUndefined()
      expect(Math.abs(Date.parse(resumed.expires_at ?? "") - Date.now() - SHORT_MS)).toBeLessThan(1500)
      const lines = Array.from({ length: round }, (_, index) => `${index + 1}\n`).join("")
      expect(await api.shell(id, "kill -0 $(cat pid) && cat disk /dev/shm/memory")).toBe(lines + lines)
    }
    await api.delete(id)
  })
})

describe("a change of a sandbox", () => {
  it("of its timeout lets the time start anew, and of the rest takes its place", async () => {
    const { api } = platform
    const { id } = await api.create({ ...SMALL, timeout_sec: SHORT_SEC, metadata: { a: "1", b: "2" } })
    expect(await patch(id, { timeout_sec: 1000 })).toMatchObject({ timeout_sec: 1000, on_timeout: "destroy" })
    await sleep(BUSY_MS)
    expect(await patch(id, { metadata: { c: "3" } })).toMatchObject({ status: "running", timeout_sec: 1000 })
    expect((await api.get(id)).metadata).toEqual({ c: "3" })
    const unlimited = await patch(id, { timeout_sec: 0, on_timeout: "pause", metadata: {} })
    expect(unlimited).toMatchObject({ timeout_sec: 0, on_timeout: "pause", metadata: {} })
    expect(unlimited.expires_at).toBeUndefined()
    await patch(id, { timeout_sec: SHORT_SEC })
    await expectStatus(id, "paused", performance.now())
    const paused = await patch(id, { on_timeout: "destroy", timeout_sec: 2 * SHORT_SEC, metadata: { d: "" } })
    expect(paused).toMatchObject({ status: "paused", on_timeout: "destroy", metadata: { d: "" } })
    const resumed = await api.resume(id)
    expect(resumed).toMatchObject({ timeout_sec: 2 * SHORT_SEC, on_timeout: "destroy", metadata: { d: "" } })
    await patch(id, { timeout_sec: SHORT_SEC })
    await expectOver(id, performance.now())
    await expect(patch(id, { timeout_sec: 10 })).rejects.toMatchObject(REFUSED)
    await expect(patch(id, { on_timeout: "pause" })).rejects.toMatchObject(REFUSED)
  })

  it("outlives the host agent and the control plane", async () => {
    const { api, hostAgent, controlPlane } = platform
    const { id } = await api.create({ ...SMALL, timeout_sec: 1000 })
    await patch(id, { timeout_sec: 2000, on_timeout: "pause", metadata: { kept: "yes" } })
    for (const process of [hostAgent, controlPlane]) {
      await process.kill9()
      process.start()
      await platform.ready()
      expect(await api.get(id)).toMatchObject({
        status: "running",
        timeout_sec: 2000,
        on_timeout: "pause",
        metadata: { kept: "yes" },
      })
    }
    await api.delete(id)
  })

  it("is refused when it is none, or not one that can be", async () => {
    const { api } = platform
    const { id } = await api.create(SMALL)
    const before = await api.get(id)
    const wrong = [
      {},
      { timeout_sec: -1 },
      { timeout_sec: 1.5 },
      { on_timeout: "stop" },
      { vcpus: 2 },
      { metadata: { a: 1 } },
    ]
    for (const body of wrong) await expect(patch(id, body)).rejects.toMatchObject({ status: 400 })
    await expect(patch("sbxdoesnotexist00000", { timeout_sec: 1 })).rejects.toMatchObject({ status: 404 })
    expect(await api.get(id)).toMatchObject({ ...before, expires_at: expect.any(String) as string })
    await api.delete(id)
  })
})

describe("a sandbox is destroyed", () => {
  it("while it runs, with commands and files in flight", async () => {
    const { api } = platform
    const { id } = await api.create(SMALL)
    using stream = await ExecStream.open(platform, id, { cmd: "cat", stdin: true })
    await stream.until(() => stream.messages.length > 0)
    const exec = outcome(api.exec(id, "sleep", ["20"]))
    const boundary = "a-part-of-the-form"
    const upload = api.fetch("POST", `/v1/sandboxes/${id}/files/write`, slowForm(boundary), {
      "content-type": `multipart/form-data; boundary=${boundary}`,
    })
    await api.shell(id, "until [ -e .thaw-*.tmp ]; do sleep 0.1; done; test ! -e slow")
    await api.delete(id)
    expect(await exec).toMatchObject(REFUSED)
    expect(await stream.exit()).toMatchObject({ type: "error", error: { code: "wrong_state" } })
    expect((await upload).status).toBe(409)
    expect(await api.get(id)).toMatchObject({ status: "stopped" })
  })

  it("while it is paused", async () => {
    const { api } = platform
    const { id } = await api.create(SMALL)
    await api.pause(id)
    await api.delete(id)
    expect(await api.get(id)).toMatchObject({ status: "stopped" })
    await expect(api.resume(id)).rejects.toMatchObject(REFUSED)
  })

  it.each([0, 10, 30, 60, 100, 150, 250])("%i ms after a pause was asked for", async (delayMs) => {
    const { api } = platform
    const { id } = await api.create(SMALL)
    expect(await destroyDuring(id, delayMs, api.pause(id), "paused")).toMatchObject({ status: "stopped" })
  })

  it.each([0, 20, 50, 100, 200, 350, 600])("%i ms after a resume was asked for", async (delayMs) => {
    const { api } = platform
    const { id } = await api.create(SMALL)
    await api.pause(id)
    expect(await destroyDuring(id, delayMs, api.resume(id), "running")).toMatchObject({ status: "stopped" })
  })

  it.each([0, 50, 200])("%i ms after a snapshot was asked for", async (delayMs) => {
    const { api } = platform
    const { id } = await api.create(SMALL)
    const snapshot = outcome(api.snapshot(id, "of-destroyed"))
    await sleep(delayMs)
    await api.delete(id)
    const made = await snapshot
    const isMade = !(made instanceof ApiError)
    expect(made).toMatchObject(isMade ? { name: "of-destroyed" } : REFUSED)
    expect((await api.snapshots("?type=snapshot")).length).toBe(isMade ? 1 : 0)
    if (isMade) await api.deleteSnapshot("of-destroyed")
  })

  it.each([0, 50, 200, 500])("%i ms after it is listed, while it is created", async (delayMs) => {
    const { api } = platform
    const known = new Set((await api.list()).map(({ id }) => id))
    const created = outcome(api.create(SMALL))
    let fresh: SandboxJson | undefined
    while (fresh === undefined) fresh = (await api.list()).find(({ id }) => !known.has(id))
    await sleep(delayMs)
    await api.delete(fresh.id)
    const result = await created
    expect(result).toMatchObject(result instanceof ApiError ? REFUSED : { status: "running" })
    expect(await api.get(fresh.id)).toMatchObject({ status: "stopped" })
  })
})

const SLOW_CHUNKS = 12

/** A form with one file that comes bit by bit */
function slowForm(boundary: string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  async function* parts(): AsyncGenerator<Uint8Array> {
    yield encoder.encode(`--${boundary}\r\ncontent-disposition: form-data; name="path"\r\n\r\nslow\r\n`)
    yield encoder.encode(
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="slow"\r\ncontent-type: application/octet-stream\r\n\r\n`,
    )
    for (let chunk = 0; chunk < SLOW_CHUNKS; chunk++) {
      await sleep(BUSY_MS / SLOW_CHUNKS)
      yield new Uint8Array(MIB)
    }
    yield encoder.encode(`\r\n--${boundary}--\r\n`)
  }
  return ReadableStream.from(parts())
}

async function patch(id: string, body: Record<string, unknown>): Promise<SandboxJson> {
  return await platform.api.json("PATCH", `/v1/sandboxes/${id}`, body)
}

async function outcome<T>(work: Promise<T>): Promise<T | ApiError> {
  return await work.catch((error: unknown) => {
    if (error instanceof ApiError) return error
    throw error
  })
}

/** Deletes a sandbox while something is done with it, which then either was done before or is refused */
async function destroyDuring(
  id: string,
  delayMs: number,
  work: Promise<SandboxJson>,
  wanted: string,
): Promise<SandboxJson> {
  const { api } = platform
  const working = outcome(work)
  await sleep(delayMs)
  await api.delete(id)
  const result = await working
  process.stdout.write(
    `destroyed ${delayMs} ms after "${wanted}" was wanted: that was ${describeOutcome(result)}\n`,
  )
  expect(result).toMatchObject(result instanceof ApiError ? REFUSED : { id, status: wanted })
  return await api.get(id)
}

function describeOutcome(result: SandboxJson | ApiError): string {
  return result instanceof ApiError ? result.message : `done`
}

/** The sandbox lives its time from its last activity at `lastMs` on, and no longer */
async function expectOver(id: string, lastMs: number): Promise<void> {
  expect(await expectStatus(id, OVER.status, lastMs)).toMatchObject(OVER)
}

async function expectStatus(id: string, status: string, lastMs: number): Promise<SandboxJson> {
  const { api } = platform
  let sandbox = await api.get(id)
  while (sandbox.status !== status && performance.now() - lastMs < SHORT_MS + SLACK_MS) {
    await sleep(50)
    sandbox = await api.get(id)
  }
  const afterMs = Math.round(performance.now() - lastMs)
  process.stdout.write(`${status} ${afterMs} ms after the last activity, with a timeout of ${SHORT_MS} ms\n`)
  expect(sandbox.status).toBe(status)
  expect(afterMs).toBeGreaterThan(SHORT_MS - 500)
  return sandbox
}

/** Nothing is left but the frozen base template */
async function expectNothingLeft(): Promise<void> {
  const { dataDir } = platform
  await expect
    .poll(async () => await platform.ledger(), { timeout: SLACK_MS })
    .toMatchObject({ files: [], vmFiles: [], vmmProcesses: [] })
  const snapshots = await warmSnapshotIds(dataDir)
  const { length } = snapshots
  await expect
    .poll(
      async () => {
        const files = await listFrozenFiles(dataDir)
        return { ...files, builds: files.builds.length, layers: files.layers.length }
      },
      { timeout: SLACK_MS },
    )
    .toEqual({ snapshots, builds: length, layers: length, names: [] })
}
