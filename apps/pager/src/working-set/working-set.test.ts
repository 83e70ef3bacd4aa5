import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { MIB } from "@thaw/model"
import { decodeWorkingSet } from "@thaw/snapshot-format"
import { afterAll, beforeAll, expect, test, vi } from "vitest"

import { PagerUnderTest } from "../_pager-under-test.ts"
import { sha256 } from "../_snapshot-on-disk.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MEMORY_BYTES = 32 * MIB
const PAGE_BYTES = 4096
const WORKING_BYTES = 8 * MIB

let pager: PagerUnderTest
beforeAll(async () => {
  pager = await PagerUnderTest.start({ memoryBytes: MEMORY_BYTES })
})
afterAll(async () => {
  await pager[Symbol.asyncDispose]()
})

const pathOf = (name: string) => join(pager.directory, name)

/** Restores a VM that needs the first part of its memory, and lets that be recorded */
async function record(id: string, workingSetPath: string): Promise<bigint> {
  const vmm = await pager.attachReady(id, { workingSetPath })
  await vmm.hash(0, WORKING_BYTES)
  const { pages } = await pager.client.endRecording({ id })
  await vmm.hash(WORKING_BYTES, 1 * MIB)
  await vmm.kill()
  return pages
}

test("what a restore needed is recorded, and copied in before the next one gets ready", async () => {
  const workingSetPath = pathOf("working-set")
  expect(await record("vm-recorded", workingSetPath)).toBe(BigInt(WORKING_BYTES / PAGE_BYTES))
  expect(decodeWorkingSet(await readFile(workingSetPath), MEMORY_BYTES)).toEqual([
    { offsetBytes: 0, lengthBytes: WORKING_BYTES },
  ])

  const vmm = await pager.attach("vm-prefetched", { workingSetPath })
  const ready = await pager.client.awaitReady({ id: "vm-prefetched" })
  expect(Number(ready.pagesPrefetched)).toBe(WORKING_BYTES / PAGE_BYTES - 1)
  console.log(`prefetch of ${WORKING_BYTES / MIB} MiB took ${ready.prefetchMs.toFixed(1)} ms`)
  expect(await vmm.hash(0, WORKING_BYTES)).toBe(sha256(pager.snapshot.memory.subarray(0, WORKING_BYTES)))
  expect((await pager.client.endRecording({ id: "vm-prefetched" })).pages).toBe(0n)
  const { faults } = await pager.client.detach({ id: "vm-prefetched" })
  expect(faults).toBe(0n)
})

test("without prefetch the pages come one by one", async () => {
  const workingSetPath = pathOf("working-set-unused")
  await record("vm-recorded-too", workingSetPath)
  const vmm = await pager.attachReady("vm-lazy", { workingSetPath, prefetch: false })
  expect(await vmm.hash(0, MEMORY_BYTES)).toBe(sha256(pager.snapshot.memory))
  const stats = await pager.client.detach({ id: "vm-lazy" })
  expect(stats.pagesPrefetched).toBe(0n)
  // The first page is there from the start.
  expect(Number(stats.faults)).toBe(MEMORY_BYTES / PAGE_BYTES - 1)
})

test("a damaged working set is ignored, logged and recorded anew", async () => {
  const workingSetPath = pathOf("working-set-damaged")
  await record("vm-first", workingSetPath)
  const bytes = await readFile(workingSetPath)
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1
  await writeFile(workingSetPath, bytes)
  await record("vm-second", workingSetPath)
  expect(await pager.log()).toContain("the working set is ignored and recorded anew")
  expect(decodeWorkingSet(await readFile(workingSetPath), MEMORY_BYTES)).toHaveLength(1)
})

test("a recording that nobody ended is dropped", async () => {
  const workingSetPath = pathOf("working-set-dropped")
  const vmm = await pager.attachReady("vm-dropped", { workingSetPath })
  await vmm.hash(0, 1 * MIB)
  await pager.client.detach({ id: "vm-dropped" })
  expect(existsSync(workingSetPath)).toBe(false)
})
