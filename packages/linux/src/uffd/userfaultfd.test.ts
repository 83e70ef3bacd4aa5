import { closeSync, ftruncateSync, openSync, rmSync } from "node:fs"
import { Worker } from "node:worker_threads"

import { describe, expect, it, onTestFinished } from "vitest"

import { setBlocking } from "../libc/descriptor-flags.ts"
import { mapSharedFile } from "../mem/shared-file-mapping.ts"
import { PollSet } from "../poll/poll-set.ts"
import type { TouchRequest } from "./_memory-owner.ts"
import { UFFD_FEATURE } from "./uffd-abi.ts"
import type { UffdEvent } from "./uffd-event.ts"
import { Userfaultfd } from "./userfaultfd.ts"

const PAGE_BYTES = 4096
const PAGES = 16
const EVENT_WAIT_MS = 5000

const isRoot = process.getuid?.() === 0
if (!isRoot) console.log("userfaultfd tests skipped: they need root")

/** Fresh memory of this process whose faults are reported; threads fault there, this one serves */
function openMemory(): { address: number; uffd: Userfaultfd } {
  const path = `/dev/shm/userfaultfd-test-${process.pid}-${process.hrtime.bigint()}`
  const fd = openSync(path, "wx+", 0o600)
  rmSync(path)
  ftruncateSync(fd, PAGES * PAGE_BYTES)
  const mapping = mapSharedFile(fd, PAGES * PAGE_BYTES)
  closeSync(fd)
  onTestFinished(() => mapping[Symbol.dispose]())
  const uffd = Userfaultfd.open(UFFD_FEATURE.missingShmem | UFFD_FEATURE.eventRemove)
  onTestFinished(() => uffd.close())
  uffd.register(mapping.address, PAGES * PAGE_BYTES)
  return { address: mapping.address, uffd }
}

/** Touches memory in a thread of its own; resolves with the byte read there */
function touch(request: TouchRequest): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  new Worker(new URL("./_memory-owner.ts", import.meta.url), { workerData: request })
    .on("message", resolve)
    .on("error", reject)
  return promise
}

/** Waits for the next events without ever blocking this thread, which must go on to start the others */
async function nextEvents(uffd: Userfaultfd): Promise<UffdEvent[]> {
  const poll = new PollSet()
  poll.add(uffd.fd)
  const deadline = performance.now() + EVENT_WAIT_MS
  while (performance.now() < deadline) {
    if (poll.wait(5).length > 0) return uffd.readEvents()
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error(`no event within ${EVENT_WAIT_MS} ms`)
}

describe.skipIf(!isRoot)("Userfaultfd", () => {
  it("reports a read fault of another thread and fills it from an offset of a buffer", async () => {
    const { address, uffd } = openMemory()
    const read = touch({ address: address + 3 * PAGE_BYTES, lengthBytes: PAGE_BYTES, action: "read" })
    expect(await nextEvents(uffd)).toEqual([
      { kind: "pagefault", address: address + 3 * PAGE_BYTES, isWrite: false },
    ])
    expect(uffd.readEvents()).toEqual([])
    const pages = Buffer.concat([Buffer.alloc(PAGE_BYTES, 1), Buffer.alloc(PAGE_BYTES, 2)])
    const filled = uffd.copy(address + 3 * PAGE_BYTES, pages, PAGE_BYTES, PAGE_BYTES)
    expect(filled).toEqual({ copiedBytes: PAGE_BYTES, outcome: "done" })
    expect(await read).toBe(2)
    expect(() => uffd.copy(address, pages, 3 * PAGE_BYTES)).toThrow(RangeError)
  })

  it("reports a write fault as such, and zeroes", async () => {
    const { address, uffd } = openMemory()
    const write = touch({ address, lengthBytes: PAGE_BYTES, action: "write" })
    expect(await nextEvents(uffd)).toEqual([{ kind: "pagefault", address, isWrite: true }])
    expect(uffd.zero(address, PAGE_BYTES)).toEqual({ copiedBytes: PAGE_BYTES, outcome: "done" })
    expect(await write).toBe(7)
  })

  it("tells what is filled from what is there already and from what is not registered", () => {
    const { address, uffd } = openMemory()
    const pages = Buffer.alloc(4 * PAGE_BYTES, 5)
    expect(uffd.copy(address + 2 * PAGE_BYTES, pages, PAGE_BYTES).outcome).toBe("done")
    expect(uffd.copy(address, pages, 4 * PAGE_BYTES)).toEqual({
      copiedBytes: 2 * PAGE_BYTES,
      outcome: "again",
    })
    expect(uffd.copy(address + 2 * PAGE_BYTES, pages, 2 * PAGE_BYTES)).toEqual({
      copiedBytes: 0,
      outcome: "exists",
    })
    expect(uffd.zero(address, PAGE_BYTES)).toEqual({ copiedBytes: 0, outcome: "exists" })
    expect(uffd.zero(address + 1024 * PAGES * PAGE_BYTES, PAGE_BYTES)).toEqual({
      copiedBytes: 0,
      outcome: "unmapped",
    })
    expect(() => uffd.copy(address, pages, 100)).toThrow(/failed: EINVAL/)
  })

  it("reports removed pages, and fills nothing until that has been read", async () => {
    const { address, uffd } = openMemory()
    const pages = Buffer.alloc(2 * PAGE_BYTES, 5)
    expect(uffd.copy(address, pages, 2 * PAGE_BYTES).outcome).toBe("done")
    const poll = new PollSet()
    poll.add(uffd.fd)
    const removed = touch({ address, lengthBytes: 2 * PAGE_BYTES, action: "remove" })
    while (poll.wait(0).length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(uffd.copy(address + 4 * PAGE_BYTES, pages, PAGE_BYTES)).toEqual({
      copiedBytes: 0,
      outcome: "again",
    })
    expect(uffd.readEvents()).toEqual([{ kind: "remove", start: address, end: address + 2 * PAGE_BYTES }])
    expect(await removed).toBe(0)
    expect(uffd.copy(address + 4 * PAGE_BYTES, pages, PAGE_BYTES).outcome).toBe("done")
    const read = touch({ address, lengthBytes: PAGE_BYTES, action: "read" })
    expect(await nextEvents(uffd)).toMatchObject([{ kind: "pagefault", address }])
    uffd.zero(address, PAGE_BYTES)
    expect(await read).toBe(0)
  })

  it("is found in error while it blocks, and is read without blocking all the same", () => {
    const { uffd } = openMemory()
    const poll = new PollSet()
    poll.add(uffd.fd)
    expect(poll.wait(0)).toEqual([])
    setBlocking(uffd.fd)
    expect(poll.wait(0)).toEqual([uffd.fd])
    expect(poll.isInError(uffd.fd)).toBe(true)
    expect(uffd.readEvents()).toEqual([])
    expect(poll.wait(0)).toEqual([])
    expect(poll.isInError(uffd.fd)).toBe(false)
  })

  it("names what it cannot do, and closes twice", () => {
    const { uffd } = openMemory()
    expect(() => uffd.register(PAGE_BYTES, PAGE_BYTES)).toThrow(
      /^registering 4096 bytes at 0x1000 with userfaultfd failed: E/,
    )
    expect(() => Userfaultfd.open(1n << 62n)).toThrow("agreeing on the userfaultfd API failed: EINVAL")
    uffd.close()
    uffd.close()
  })
})
