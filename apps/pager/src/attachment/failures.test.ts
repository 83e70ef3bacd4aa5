import { mkdtemp, open, rename, truncate } from "node:fs/promises"
import { join } from "node:path"

import { MIB } from "@thaw/model"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"

import { PagerUnderTest, until } from "../_pager-under-test.ts"
import { sha256, writeSnapshot, type SnapshotOnDisk } from "../_snapshot-on-disk.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MEMORY_BYTES = 2 * MIB
const HANDSHAKE_TIMEOUT_MS = 3000

let pager: PagerUnderTest
beforeAll(async () => {
  pager = await PagerUnderTest.start({
    memoryBytes: MEMORY_BYTES,
    env: { THAW_PAGER_HANDSHAKE_TIMEOUT_MS: String(HANDSHAKE_TIMEOUT_MS) },
  })
})
afterAll(async () => {
  await pager[Symbol.asyncDispose]()
})

describe("a damaged snapshot", () => {
  test("is refused when the header is of a future version", async () => {
    const snapshot = await anotherSnapshot()
    await overwrite(snapshot.headerPath, 8, Uint8Array.of(9))
    await expect(pager.attach("vm-future", { snapshot })).rejects.toMatchObject({
      code: "data_loss",
      message: expect.stringMatching(/header is of another version/),
    })
  })

  test("is refused when the header is damaged", async () => {
    const snapshot = await anotherSnapshot()
    await overwrite(snapshot.headerPath, 60, Uint8Array.of(0xa5))
    await expect(pager.attach("vm-header", { snapshot })).rejects.toMatchObject({ code: "data_loss" })
  })

  test("is refused when a build is missing, until it is back", async () => {
    const snapshot = await anotherSnapshot()
    const build = firstBuild(snapshot)
    await rename(build, `${build}.away`)
    await expect(pager.attach("vm-missing", { snapshot })).rejects.toMatchObject({
      code: "data_loss",
      message: "build 'aaaaaaaaaaaaaaaa' is missing",
    })
    await rename(`${build}.away`, build)
    const vmm = await pager.attachReady("vm-missing", { snapshot })
    expect(await vmm.hash(0, MEMORY_BYTES)).toBe(sha256(snapshot.memory))
  })

  test("is refused when a build is truncated", async () => {
    const snapshot = await anotherSnapshot()
    await truncate(firstBuild(snapshot), 8192)
    await expect(pager.attach("vm-short", { snapshot })).rejects.toMatchObject({
      code: "data_loss",
      message: expect.stringMatching(/truncated/),
    })
    expect((await pager.client.getPager({})).attachmentIds).not.toContain("vm-short")
  })

  test("ends a running VM at the first flipped bit, with a reason, and leaves the others alone", async () => {
    const snapshot = await anotherSnapshot()
    const other = await pager.attachReady("vm-other", { snapshot })
    await other.hash(0, MEMORY_BYTES)
    const abort = new AbortController()
    const failures = pager.client.watchFailures({}, { signal: abort.signal })[Symbol.asyncIterator]()
    const first = failures.next()
    const vmm = await pager.attachReady("vm-flipped", { snapshot })
    await overwrite(firstBuild(snapshot), 8200, Uint8Array.of(0x11, 0x22))
    void vmm.hash(0, MEMORY_BYTES)
    await vmm.ended()
    expect(vmm.signal).toBe("SIGKILL")
    const reason = "build 'aaaaaaaaaaaaaaaa' is damaged: its block at byte 8192 has another checksum"
    expect((await first).value).toMatchObject({ id: "vm-flipped", reason })
    const late = pager.client.watchFailures({}, { signal: abort.signal })[Symbol.asyncIterator]()
    expect((await late.next()).value).toMatchObject({ id: "vm-flipped", reason })
    abort.abort()
    expect((await pager.client.detach({ id: "vm-flipped" })).failure).toBe(reason)
    expect((await pager.client.detach({ id: "vm-flipped" })).failure).toBe("")
    expect(other.isRunning).toBe(true)
    await until(async () => !(await pager.records()).includes("vm-flipped.json"))
    expect(await pager.records()).toContain("vm-other.json")
  })

  test("ends a running VM when a build is cut short under it", async () => {
    const snapshot = await anotherSnapshot()
    const vmm = await pager.attachReady("vm-cut", { snapshot })
    await truncate(firstBuild(snapshot), 8192)
    void vmm.hash(0, MEMORY_BYTES)
    await vmm.ended()
    const { failure } = await pager.client.detach({ id: "vm-cut" })
    expect(failure).toMatch(/is truncated: it ends at byte 8192/)
  })
})

describe("a handshake", () => {
  const region = (fields: Record<string, number>) =>
    JSON.stringify([
      { base_host_virt_addr: 0x7000_0000_0000, size: MEMORY_BYTES, offset: 0, page_size: 4096, ...fields },
    ])

  test.for([
    ["json", "that is not JSON", { message: "hello" }, /it is not JSON/],
    ["page-size", "of another page size", { message: region({ page_size: 8192 }) }, /page_size/],
    ["large", "of too much memory", { message: region({ size: 2 * MEMORY_BYTES }) }, /does not fit/],
    ["none", "without a descriptor", { descriptors: 0 }, /0 descriptors/],
    ["two", "with two descriptors", { descriptors: 2 }, /2 descriptors/],
    ["elsewhere", "of memory that is not registered", { message: region({}) }, /did not register/],
  ] as const)("%s: one %s ends the VM", async ([id, , vmmOptions, reason]) => {
    const vmm = await pager.attach(`vm-${id}`, { vmm: vmmOptions })
    const message = expect.stringMatching(reason) as string
    await expect(pager.client.awaitReady({ id: `vm-${id}` })).rejects.toMatchObject({ message })
    await vmm.ended()
    expect(vmm.signal).toBe("SIGKILL")
    expect((await pager.client.detach({ id: `vm-${id}` })).failure).toMatch(reason)
    expect(await pager.records()).not.toContain(`vm-${id}.json`)
  })

  test("that does not come ends the wait, and the VM that connected", async () => {
    const silent = await pager.attach("vm-silent", { vmm: { message: "" } })
    await pager.client.attach({
      id: "vm-absent",
      headerPath: pager.snapshot.headerPath,
      buildsDir: pager.snapshot.buildsDir,
      socketPath: join(pager.directory, "absent.sock"),
    })
    await expect(pager.client.awaitReady({ id: "vm-silent", timeoutMs: 20_000 })).rejects.toMatchObject({
      code: "deadline_exceeded",
    })
    await silent.ended()
    await expect(pager.client.awaitReady({ id: "vm-absent", timeoutMs: 20_000 })).rejects.toMatchObject({
      code: "deadline_exceeded",
      message: `the VMM did not connect within ${HANDSHAKE_TIMEOUT_MS} ms`,
    })
  })
})

async function anotherSnapshot(): Promise<SnapshotOnDisk> {
  return await writeSnapshot(await mkdtemp(join(pager.directory, "snapshot-")), MEMORY_BYTES)
}

async function overwrite(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, "r+")
  await file.write(bytes, 0, bytes.length, offset)
}

function firstBuild(snapshot: SnapshotOnDisk): string {
  const [path] = snapshot.buildPaths
  if (path === undefined) throw new Error("a snapshot has a build at least")
  return path
}
