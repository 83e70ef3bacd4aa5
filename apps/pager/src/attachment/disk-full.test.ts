import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from "node:fs"
import { join } from "node:path"

import { ensureTmpfs, unmount } from "@thaw/linux"
import { MIB } from "@thaw/model"
import { expect, test, vi } from "vitest"

import { PagerUnderTest } from "../_pager-under-test.ts"
import { sha256 } from "../_snapshot-on-disk.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MEMORY_BYTES = 2 * MIB
const PAGE_BYTES = 4096

test("a full disk fails whoever is new, with a reason, and neither the pager nor a VM that runs", async () => {
  await using pager = await PagerUnderTest.start({ memoryBytes: MEMORY_BYTES })
  await pager.stop()
  const disk = join(pager.directory, "pager", "attachments")
  ensureTmpfs(disk, { mode: 0o700, sizeBytes: 256 * 1024 })
  using cleanUp = new DisposableStack()
  cleanUp.defer(() => unmount(disk))
  await pager.start()
  const { pid } = pager
  const running = await pager.attachReady("vm-running")
  const filler = cleanUp.use(fill(disk))

  for (const id of ["vm-1", "vm-2"]) {
    const late = await pager.attach(id)
    await expect(pager.client.awaitReady({ id })).rejects.toMatchObject({
      code: "capacity_exhausted",
      message: "the disk is full: what is to be known of the VM cannot be noted",
    })
    await late.ended()
  }
  await running.remove(0, 2 * PAGE_BYTES)
  expect((await pager.client.getPager({})).pid).toBe(pid)

  await pager.kill9()
  await pager.start()
  await running.remove(4 * PAGE_BYTES, PAGE_BYTES)
  const expected = Buffer.from(pager.snapshot.memory).fill(0, 0, 2 * PAGE_BYTES)
  expected.fill(0, 4 * PAGE_BYTES, 5 * PAGE_BYTES)
  expect(await running.hash(0, MEMORY_BYTES)).toBe(sha256(expected))
  expect((await pager.client.getPager({})).attachmentIds).toEqual(["vm-running"])
  filler[Symbol.dispose]()
  using _ = fill(disk, 4 * PAGE_BYTES)
  const halfway = await pager.attach("vm-halfway")
  await expect(pager.client.awaitReady({ id: "vm-halfway" })).rejects.toMatchObject({
    code: "capacity_exhausted",
  })
  await halfway.ended()
  await pager.kill9()
  await running.kill()
})

/** Writes until nothing more fits and then gives `leftBytes` back, in a file that has no name, and that ends with the scope */
function fill(directory: string, leftBytes = 0): Disposable {
  const path = join(directory, "filler")
  const fd = openSync(path, "w")
  rmSync(path)
  const writtenBytes = writeAll(fd)
  if (leftBytes > 0) ftruncateSync(fd, writtenBytes - leftBytes)
  let isOpen = true
  return {
    [Symbol.dispose]: () => {
      if (isOpen) closeSync(fd)
      isOpen = false
    },
  }
}

function writeAll(fd: number): number {
  const page = Buffer.alloc(PAGE_BYTES, 1)
  let writtenBytes = 0
  try {
    for (;;) writtenBytes += writeSync(fd, page)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return writtenBytes
    throw error
  }
}
