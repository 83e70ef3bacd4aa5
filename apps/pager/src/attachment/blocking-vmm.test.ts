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

test("a VMM that does so again and again, and takes its faults away from the pager, hurts itself alone", async () => {
  const { pager: owned, others } = await startWithOthers()
  await using pager = owned
  const vmm = await pager.attachReady("vm", { vmm: { threads: 3 } })
  vmm.flip(2)
  let isRead = false
  const reading = Promise.all(others.map(async (other) => await other.hash(0, MEMORY_BYTES)))
  void reading.then(() => (isRead = true))
  void vmm.hash(0, HALF_BYTES, 0)
  void vmm.hash(HALF_BYTES, HALF_BYTES, 1)
  await until(async () => {
    // It ends with the VM when that was quick enough to hold a worker up.
    if (!pager.isRunning) await pager.start()
    return isRead
  })
  expect(new Set(await reading)).toEqual(new Set([sha256(pager.snapshot.memory)]))
  const { failure } = await pager.client.detach({ id: "vm" })
  console.log(
    vmm.isRunning ? "the VMM waits for pages it took the faults of" : `the VMM was ended: ${failure}`,
  )
})
