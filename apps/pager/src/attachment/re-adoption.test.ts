import { open, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import { MIB } from "@thaw/model"
import { expect, test, vi } from "vitest"

import { PagerUnderTest, until } from "../_pager-under-test.ts"
import { sha256 } from "../_snapshot-on-disk.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MEMORY_BYTES = 4 * MIB
const PAGE_BYTES = 4096
/** Long enough that a fault is certainly waiting */
const BLOCKED_MS = 100

const start = async () => await PagerUnderTest.start({ memoryBytes: MEMORY_BYTES })

test("memory given back reads as zeroes, whether it was there or not, and what is written then stays", async () => {
  await using pager = await start()
  const vmm = await pager.attachReady("vm")
  const half = MEMORY_BYTES / 2
  await vmm.hash(0, half)
  await vmm.remove(half / 2, half)
  const expected = Buffer.from(pager.snapshot.memory).fill(0, half / 2, half / 2 + half)
  expect(await vmm.hash(0, MEMORY_BYTES)).toBe(sha256(expected))
  await vmm.fill(half, PAGE_BYTES, 7)
  expected.fill(7, half, half + PAGE_BYTES)
  expect(await vmm.hash(0, MEMORY_BYTES)).toBe(sha256(expected))
})

test("a VM that waits for a page while its pager is killed goes on with the next pager, removed memory still zero", async () => {
  await using pager = await start()
  const vmm = await pager.attachReady("vm", { vmm: { threads: 2 } })
  const half = MEMORY_BYTES / 2
  await vmm.hash(0, half / 2)
  await vmm.remove(0, PAGE_BYTES)
  await vmm.remove(half, 4 * PAGE_BYTES)
  await pager.kill9()
  const reading = [vmm.hash(0, MEMORY_BYTES, 0), vmm.hash(0, MEMORY_BYTES, 1)]
  let isRead = false
  void Promise.any(reading).then(() => (isRead = true))
  await sleep(BLOCKED_MS)
  expect(isRead).toBe(false)
  await pager.start()
  const expected = Buffer.from(pager.snapshot.memory).fill(0, 0, PAGE_BYTES)
  expected.fill(0, half, half + 4 * PAGE_BYTES)
  expect(await Promise.all(reading)).toEqual([sha256(expected), sha256(expected)])
  expect((await pager.client.getPager({})).attachmentIds).toEqual(["vm"])
  await vmm.remove(half + 4 * PAGE_BYTES, PAGE_BYTES)
  expected.fill(0, half + 4 * PAGE_BYTES, half + 5 * PAGE_BYTES)
  await pager.stop()
  expect(await pager.log()).toContain("these VMs stand still")
  await pager.start()
  expect(await vmm.hash(0, MEMORY_BYTES)).toBe(sha256(expected))
})

test("a killed pager whose fault was read but not served loses no fault", async () => {
  await using pager = await start()
  const vmms = await Promise.all(
    ["vm-1", "vm-2", "vm-3"].map(async (id) => await pager.attachReady(id, { vmm: { threads: 2 } })),
  )
  const reading = vmms.flatMap((vmm) => [vmm.hash(0, MEMORY_BYTES, 0), vmm.hash(0, MEMORY_BYTES, 1)])
  for (let round = 0; round < 2; round++) {
    await sleep(10)
    await pager.kill9()
    await pager.start()
  }
  expect(new Set(await Promise.all(reading))).toEqual(new Set([sha256(pager.snapshot.memory)]))
})

test("a VM whose snapshot was damaged meanwhile is ended by the next pager, which says why", async () => {
  await using pager = await start()
  const [damaged, whole] = [await pager.attachReady("vm-damaged"), await pager.attachReady("vm-whole")]
  await pager.kill9()
  await using header = await open(pager.snapshot.headerPath, "r+")
  await header.write(Buffer.from([0xff]), 0, 1, 40)
  const reading = damaged.hash(0, MEMORY_BYTES)
  void reading.catch(() => undefined)
  await pager.start()
  await Promise.all([damaged.ended(), whole.ended()])
  expect(damaged.signal).toBe("SIGKILL")
  expect((await pager.client.detach({ id: "vm-damaged" })).failure).toMatch(/memory header is damaged/)
  await until(async () => (await pager.records()).length === 0)
})

test("records of VMs that are gone, and what is no record, are removed at the start", async () => {
  await using pager = await start()
  const vmm = await pager.attachReady("vm")
  expect((await pager.records()).sort()).toEqual(["vm.events", "vm.json", "vm.removed"])
  await pager.kill9()
  await vmm.kill()
  await writeFile(join(pager.directory, "pager", "attachments", "torn.json"), '{"version":1,')
  await writeFile(join(pager.directory, "pager", "attachments", "vm.json.tmp"), "")
  await writeFile(join(pager.directory, "pager", "attachments", "orphan.removed"), "0 4096\n")
  await pager.start()
  expect(await pager.records()).toEqual([])
  expect((await pager.client.getPager({})).attachmentIds).toEqual([])
})
