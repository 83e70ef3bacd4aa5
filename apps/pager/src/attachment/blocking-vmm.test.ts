import { setTimeout as sleep } from "node:timers/promises"

import { MIB } from "@thaw/model"
import { expect, test, vi } from "vitest"

import { PagerUnderTest, until } from "../_pager-under-test.ts"
import { sha256 } from "../_snapshot-on-disk.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MEMORY_BYTES = 2 * MIB
const HALF_BYTES = MEMORY_BYTES / 2
/** More than the workers of a pager on most machines, so that one of them shares the blocking VM's */
const OTHERS = 4
const BLOCKING = /made its userfaultfd block/

async function startWithOthers() {
  const pager = await PagerUnderTest.start({ memoryBytes: MEMORY_BYTES })
  const ids = Array.from({ length: OTHERS }, (_, index) => `vm-other-${index}`)
  const others = await Promise.all(ids.map(async (id) => await pager.attachReady(id)))
  return { pager, others }
}

test("a VMM that makes its userfaultfd block is ended, and holds nobody up", async () => {
  const { pager: owned, others } = await startWithOthers()
  await using pager = owned
  const { pid } = pager
  const vmm = await pager.attachReady("vm", { vmm: { threads: 2 } })
  await vmm.block(1)
  void vmm.hash(0, MEMORY_BYTES)
  await vmm.ended()
  expect(vmm.signal).toBe("SIGKILL")
  const hashes = await Promise.all(others.map(async (other) => await other.hash(0, MEMORY_BYTES)))
  expect(new Set(hashes)).toEqual(new Set([sha256(pager.snapshot.memory)]))
  expect((await pager.client.detach({ id: "vm" })).failure).toMatch(BLOCKING)
  expect((await pager.client.getPager({})).pid).toBe(pid)
})

test("a VMM that does so again and again is ended, if with its pager, and the others go on", async () => {
  const { pager: owned, others } = await startWithOthers()
  await using pager = owned
  const vmm = await pager.attachReady("vm", { vmm: { threads: 3 } })
  vmm.flip(2)
  const reading = others.map(async (other) => await other.hash(0, MEMORY_BYTES))
  void vmm.hash(0, HALF_BYTES, 0)
  void vmm.hash(HALF_BYTES, HALF_BYTES, 1)
  await vmm.ended()
  expect(vmm.signal).toBe("SIGKILL")
  await sleep(100)
  console.log(`the VMM was ended ${pager.isRunning ? "by a pager that goes on" : "together with its pager"}`)
  if (!pager.isRunning) await pager.start()
  expect(new Set(await Promise.all(reading))).toEqual(new Set([sha256(pager.snapshot.memory)]))
  expect((await pager.client.detach({ id: "vm" })).failure).toMatch(BLOCKING)
  await until(async () => !(await pager.records()).some((name) => name.startsWith("vm.")))
})
