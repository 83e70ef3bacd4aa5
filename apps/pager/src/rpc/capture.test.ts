import { spawnSync } from "node:child_process"
import { open } from "node:fs/promises"
import { join } from "node:path"

import { MIB } from "@thaw/model"
import { afterAll, beforeAll, expect, test, vi } from "vitest"

import { PagerUnderTest } from "../_pager-under-test.ts"
import { sha256, type SnapshotOnDisk } from "../_snapshot-on-disk.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MEMORY_BYTES = 4 * MIB
const PAGE_BYTES = 4096

let pager: PagerUnderTest
beforeAll(async () => {
  pager = await PagerUnderTest.start({ memoryBytes: MEMORY_BYTES })
})
afterAll(async () => {
  await pager[Symbol.asyncDispose]()
})

test("a VM that changed, lost and never needed memory is captured, compacted and restored", async () => {
  const { headerPath: parentHeaderPath, buildsDir, memory } = pager.snapshot
  const source = await pager.attachReady("vm-source")
  const expected = Buffer.from(memory)
  await source.fill(PAGE_BYTES, 3 * PAGE_BYTES, 0x33)
  expected.fill(0x33, PAGE_BYTES, 4 * PAGE_BYTES)
  // Of this half was never there, and none of it is in the memory file now.
  await source.hash(MEMORY_BYTES / 2, 64 * PAGE_BYTES)
  await source.remove(MEMORY_BYTES / 2, 128 * PAGE_BYTES)
  expected.fill(0, MEMORY_BYTES / 2, MEMORY_BYTES / 2 + 128 * PAGE_BYTES)

  const headerPath = join(pager.directory, "captured.header")
  const captured = await pager.client.capture({
    memoryPath: join(pager.directory, "vm-source.mem"),
    memoryBytes: BigInt(MEMORY_BYTES),
    parentHeaderPath,
    buildsDir,
    buildId: "dddddddddddddddd",
    headerPath,
    attachmentId: "vm-source",
  })
  expect(captured.generation).toBe(3)
  expect(captured.dataPages).toBe(3n)
  await source.kill()
  await expectRestored("vm-captured", { headerPath, expected })

  const compactedPath = join(pager.directory, "compacted.header")
  await pager.client.compact({
    headerPath,
    buildsDir,
    mergeBuildIds: ["bbbbbbbbbbbbbbbb", "cccccccccccccccc", "dddddddddddddddd"],
    buildId: "eeeeeeeeeeeeeeee",
    newHeaderPath: compactedPath,
  })
  await expectRestored("vm-compacted", { headerPath: compactedPath, expected })
})

test("a compaction that takes its time keeps no capture waiting", async () => {
  const source = await pager.attachReady("vm-hurry")
  const pipePath = join(pager.directory, "slow.header")
  spawnSync("mkfifo", [pipePath])
  const compacting = pager.client
    .compact({
      headerPath: pipePath,
      buildsDir: pager.snapshot.buildsDir,
      mergeBuildIds: [],
      buildId: "hhhhhhhhhhhhhhhh",
      newHeaderPath: join(pager.directory, "slow.header.new"),
    })
    .catch((error: unknown) => error)
  await pager.client.capture({
    memoryPath: join(pager.directory, "vm-hurry.mem"),
    memoryBytes: BigInt(MEMORY_BYTES),
    parentHeaderPath: pager.snapshot.headerPath,
    buildsDir: pager.snapshot.buildsDir,
    buildId: "gggggggggggggggg",
    headerPath: join(pager.directory, "hurry.header"),
    attachmentId: "vm-hurry",
  })
  // Until now the compaction waited for someone to open the other end.
  await (await open(pipePath, "w")).close()
  expect(await compacting).toMatchObject({ code: "data_loss" })
  await source.kill()
})

test("a capture of a VM that is not attached is refused, as nobody knows what it gave back", async () => {
  const capture = pager.client.capture({
    memoryPath: join(pager.directory, "vm-source.mem"),
    memoryBytes: BigInt(MEMORY_BYTES),
    parentHeaderPath: pager.snapshot.headerPath,
    buildsDir: pager.snapshot.buildsDir,
    buildId: "ffffffffffffffff",
    headerPath: join(pager.directory, "never.header"),
    attachmentId: "vm-unknown",
  })
  await expect(capture).rejects.toMatchObject({ code: "not_found" })
})

async function expectRestored(
  id: string,
  { headerPath, expected }: { headerPath: string; expected: Buffer },
): Promise<void> {
  const snapshot: SnapshotOnDisk = { ...pager.snapshot, headerPath, memory: expected }
  const vmm = await pager.attachReady(id, { snapshot })
  expect(await vmm.hash(0, MEMORY_BYTES)).toBe(sha256(expected))
}
