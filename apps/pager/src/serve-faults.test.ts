import { MIB } from "@thaw/model"
import { afterAll, beforeAll, expect, test, vi } from "vitest"

import { PagerUnderTest } from "./_pager-under-test.ts"
import { sha256 } from "./_snapshot-on-disk.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MEMORY_BYTES = 16 * MIB
const PAGE_BYTES = 4096

let pager: PagerUnderTest
beforeAll(async () => {
  pager = await PagerUnderTest.start({ memoryBytes: MEMORY_BYTES })
})
afterAll(async () => {
  await pager[Symbol.asyncDispose]()
})

test("a VM reads back what the snapshot has", async () => {
  const vmm = await pager.attachReady("vm-whole")
  expect(await vmm.hash(0, MEMORY_BYTES)).toBe(sha256(pager.snapshot.memory))
  const stats = await pager.client.detach({ id: "vm-whole" })
  expect(Number(stats.pagesCopied + stats.pagesZeroed)).toBe(MEMORY_BYTES / PAGE_BYTES)
  expect(Number(stats.pagesZeroed)).toBeGreaterThan(0)
  expect(stats.failure).toBe("")
})

test("four threads of each of two VMs fault at the same time, on the same pages and on others", async () => {
  const vmms = await Promise.all(
    ["vm-a", "vm-b"].map(async (id) => await pager.attachReady(id, { vmm: { threads: 4 } })),
  )
  const whole = sha256(pager.snapshot.memory)
  const hashes = vmms.flatMap((vmm) => [0, 1, 2, 3].map((thread) => vmm.hash(0, MEMORY_BYTES, thread)))
  expect(new Set(await Promise.all(hashes))).toEqual(new Set([whole]))
})

test("what a VM writes stays its own", async () => {
  const [one, other] = await Promise.all([pager.attachReady("vm-one"), pager.attachReady("vm-other")])
  await one.fill(0, 64 * PAGE_BYTES, 0x5a)
  expect(await one.hash(0, 64 * PAGE_BYTES)).toBe(sha256(Buffer.alloc(64 * PAGE_BYTES, 0x5a)))
  expect(await other.hash(0, MEMORY_BYTES)).toBe(sha256(pager.snapshot.memory))
})

test("threads that fault while another gives memory back are all served", async () => {
  const vmm = await pager.attachReady("vm-shrinking", { vmm: { threads: 3 } })
  const half = MEMORY_BYTES / 2
  const stepBytes = 64 * PAGE_BYTES
  const reading = [vmm.hash(0, MEMORY_BYTES, 1), vmm.hash(half, half, 2)]
  const removing: Promise<void>[] = []
  for (let at = half; at < MEMORY_BYTES; at += stepBytes) removing.push(vmm.remove(at, stepBytes))
  await Promise.all([...reading, ...removing])
  const expected = Buffer.from(pager.snapshot.memory).fill(0, half)
  expect(await vmm.hash(0, MEMORY_BYTES)).toBe(sha256(expected))
})

test("memory that a VMM unmaps is not served any more, and its pager goes on", async () => {
  const vmm = await pager.attachReady("vm-unmapped")
  await vmm.hash(0, MEMORY_BYTES / 2)
  await vmm.unmap()
  expect((await pager.client.getPager({})).attachmentIds).toContain("vm-unmapped")
  expect((await pager.client.detach({ id: "vm-unmapped" })).failure).toBe("")
  expect(vmm.isRunning).toBe(true)
})

test("fault service times", async () => {
  const vmm = await pager.attachReady("vm-timed")
  const pages = Array.from({ length: MEMORY_BYTES / PAGE_BYTES }, (_, page) => page).sort(
    () => Math.random() - 0.5,
  )
  const startMs = performance.now()
  const timesUs = (await vmm.touch(pages)).sort((a, b) => a - b)
  const tookMs = performance.now() - startMs
  const stats = await pager.client.detach({ id: "vm-timed" })
  const at = (share: number) => timesUs[Math.floor(timesUs.length * share)]?.toFixed(0)
  console.log(
    `${pages.length} faults of one thread, random order: in the VM p50 ${at(0.5)} µs, p99 ${at(0.99)} µs;`,
    `in the pager p50 ${stats.faultUsP50.toFixed(0)} µs, p99 ${stats.faultUsP99.toFixed(0)} µs;`,
    `${Math.round(pages.length / (tookMs / 1000))} faults/s`,
  )
  // The first page is there from the start.
  expect(Number(stats.faults)).toBe(pages.length - 1)
})
