import { closeSync, ftruncateSync, openSync } from "node:fs"
import { join } from "node:path"

import {
  UFFD_FEATURE,
  Userfaultfd,
  closeDescriptor,
  connectUnix,
  mapSharedFile,
  sendWithDescriptors,
} from "@thaw/linux"
import { MIB } from "@thaw/model"
import { expect, test, vi } from "vitest"

import { PagerUnderTest, until } from "./_pager-under-test.ts"
import { startPager } from "./start-pager.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MEMORY_BYTES = 1 * MIB

const start = async (env: Record<string, string> = {}) =>
  await PagerUnderTest.start({ memoryBytes: MEMORY_BYTES, env })

test("nothing is left of a VM whose VMM is killed", async () => {
  await using pager = await start()
  const before = await pager.descriptorCount()
  const vmms = [await pager.attachReady("vm-1"), await pager.attachReady("vm-2")]
  expect((await pager.records()).filter((name) => name.endsWith(".json"))).toHaveLength(2)
  expect(await pager.descriptorCount()).toBeGreaterThan(before)
  await Promise.all(vmms.map(async (vmm) => await vmm.kill()))
  await until(async () => (await pager.client.getPager({})).attachmentIds.length === 0)
  expect(await pager.records()).toEqual([])
  expect(await pager.descriptorCount()).toBe(before)
})

test("a hundred VMs come and go, and nothing of them stays", async () => {
  await using pager = await start()
  const memory = openSync(join(pager.directory, "memory"), "w+")
  ftruncateSync(memory, MEMORY_BYTES)
  using mapping = mapSharedFile(memory, MEMORY_BYTES)
  closeSync(memory)
  const comeAndGo = async (id: string) => {
    using uffd = Userfaultfd.open(UFFD_FEATURE.missingShmem)
    uffd.register(mapping.address, MEMORY_BYTES)
    const { headerPath, buildsDir } = pager.snapshot
    const socketPath = join(pager.directory, `${id}.sock`)
    await pager.client.attach({ id, headerPath, buildsDir, socketPath })
    const socket = connectUnix(socketPath)
    const region = {
      base_host_virt_addr: mapping.address,
      size: MEMORY_BYTES,
      offset: 0,
      page_size: 4096,
    }
    sendWithDescriptors(socket, Buffer.from(JSON.stringify([region])), [uffd.fd])
    closeDescriptor(socket)
    await pager.client.awaitReady({ id })
    await pager.client.detach({ id })
  }
  await comeAndGo("vm-warm-up")
  const before = await pager.descriptorCount()
  const startMs = performance.now()
  for (let count = 0; count < 100; count++) await comeAndGo(`vm-${count}`)
  console.log(
    `attach, handshake, ready and detach: ${((performance.now() - startMs) / 100).toFixed(2)} ms each`,
  )
  expect(await pager.descriptorCount()).toBe(before)
  expect(await pager.records()).toEqual([])
})

test("a VM that was told to attach can be taken back before it comes", async () => {
  await using pager = await start()
  const { headerPath, buildsDir } = pager.snapshot
  const request = { id: "vm", headerPath, buildsDir, socketPath: join(pager.directory, "vm.sock") }
  const before = await pager.descriptorCount()
  await pager.client.attach(request)
  await expect(pager.client.attach(request)).rejects.toMatchObject({ code: "already_exists" })
  const waiting = pager.client.awaitReady({ id: "vm" }).catch((error: unknown) => error)
  await pager.client.detach({ id: "vm" })
  expect(await waiting).toMatchObject({ code: "unavailable" })
  expect(await pager.descriptorCount()).toBe(before)
  await expect(pager.client.awaitReady({ id: "vm" })).rejects.toMatchObject({ code: "not_found" })
})

test("two pagers do not share a data directory", async () => {
  await using pager = await start()
  const config = {
    dataDir: pager.directory,
    idleTimeoutMs: 60_000,
    handshakeTimeoutMs: 1000,
    logLevel: "error",
  } as const
  await expect(startPager(config)).rejects.toMatchObject({ code: "wrong_state" })
})

test("a pager without VMs ends by itself, yet not while someone watches", async () => {
  await using pager = await start({ THAW_PAGER_IDLE_TIMEOUT_MS: "300" })
  const abort = new AbortController()
  const watching = pager.client.watchFailures({}, { signal: abort.signal })[Symbol.asyncIterator]().next()
  watching.catch(() => undefined)
  const vmm = await pager.attachReady("vm")
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect(pager.isRunning).toBe(true)
  await vmm.kill()
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect(pager.isRunning).toBe(true)
  abort.abort()
  await pager.ended()
})

test("shutdown is for a pager without VMs", async () => {
  await using pager = await start()
  const vmm = await pager.attachReady("vm")
  await expect(pager.client.shutdown({})).rejects.toMatchObject({ code: "wrong_state" })
  await vmm.kill()
  await until(async () => (await pager.client.getPager({})).attachmentIds.length === 0)
  await pager.client.shutdown({})
  await pager.ended()
})

test("a client has many calls at once, and goes on when its pager was killed and started again", async () => {
  await using pager = await start()
  const calls = Array.from({ length: 200 }, async () => (await pager.client.getPager({})).pid)
  expect(new Set(await Promise.all(calls))).toEqual(new Set([pager.pid]))
  const timesMs: number[] = []
  for (let count = 0; count < 200; count++) {
    const startMs = performance.now()
    await pager.client.getPager({})
    timesMs.push(performance.now() - startMs)
  }
  timesMs.sort((a, b) => a - b)
  console.log(`a call takes ${timesMs[100]?.toFixed(2)} ms (p50), ${timesMs[198]?.toFixed(2)} ms (p99)`)
  const { version, pid } = await pager.client.getPager({})
  await pager.client.attach({
    id: "vm-never",
    headerPath: pager.snapshot.headerPath,
    buildsDir: pager.snapshot.buildsDir,
    socketPath: join(pager.directory, "never.sock"),
  })
  const underWay = Array.from({ length: 3 }, async () => await pager.client.awaitReady({ id: "vm-never" }))
  const cut = Promise.all(
    underWay.map(async (call) => await expect(call).rejects.toMatchObject({ code: "unavailable" })),
  )
  await pager.client.getPager({})
  await pager.kill9()
  await cut
  await expect(pager.client.getPager({})).rejects.toMatchObject({ code: "unavailable" })
  await pager.start()
  const next = await pager.client.getPager({})
  expect(next.version).toBe(version)
  expect(next.pid).not.toBe(pid)
})
