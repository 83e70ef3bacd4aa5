import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { describe, expect, it, onTestFinished } from "vitest"

import { dataExtents } from "./extents.ts"

const PAGE_BYTES = 4096
const SIZE_BYTES = 1000 * PAGE_BYTES

describe.each([
  ["a tmpfs", "/dev/shm"],
  ["the disk", tmpdir()],
])("dataExtents() on %s", (_, parent) => {
  it("lists what has been written and nothing else", () => {
    const directory = mkdtempSync(join(parent, "extents-test-"))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const fd = openSync(join(directory, "sparse"), "w+")
    onTestFinished(() => closeSync(fd))
    expect([...dataExtents(fd, 0)]).toEqual([])
    ftruncateSync(fd, SIZE_BYTES)
    expect([...dataExtents(fd, SIZE_BYTES)]).toEqual([])
    for (const page of [0, 10, 11, 500, 999])
      writeSync(fd, Buffer.alloc(PAGE_BYTES), 0, PAGE_BYTES, page * PAGE_BYTES)
    const pages = (offset: number, length: number) => ({
      offsetBytes: offset * PAGE_BYTES,
      lengthBytes: length * PAGE_BYTES,
    })
    expect([...dataExtents(fd, SIZE_BYTES)]).toEqual([
      pages(0, 1),
      pages(10, 2),
      pages(500, 1),
      pages(999, 1),
    ])
    expect([...dataExtents(fd, 11 * PAGE_BYTES)]).toEqual([pages(0, 1), pages(10, 1)])
    expect([...dataExtents(fd, 2 * SIZE_BYTES)]).toHaveLength(4)
    expect(() => [...dataExtents(-1, SIZE_BYTES)]).toThrow(/from byte 0 failed: EBADF/)
  })
})
