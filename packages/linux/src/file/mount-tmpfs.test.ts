import { mkdtempSync, rmSync, statSync, statfsSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { describe, expect, it, onTestFinished } from "vitest"

import { ensureTmpfs, readMountType, unmount } from "./mount-tmpfs.ts"

const SIZE_BYTES = 64 * 1024

const isRoot = process.getuid?.() === 0
if (!isRoot) console.log("tmpfs tests skipped: they need root")

describe.skipIf(!isRoot)("ensureTmpfs()", () => {
  it("mounts once, with the mode and size asked for", () => {
    const directory = mkdtempSync(join(tmpdir(), "mount tmpfs-test-"))
    const path = join(directory, "a", "memory")
    onTestFinished(() => {
      unmount(path)
      rmSync(directory, { recursive: true })
    })
    unmount(path)
    expect(ensureTmpfs(path, { mode: 0o700, sizeBytes: SIZE_BYTES })).toBe(true)
    expect(ensureTmpfs(path, { mode: 0o755 })).toBe(false)
    expect(readMountType(path)).toBe("tmpfs")
    expect(readMountType(directory)).toBeUndefined()
    expect(statSync(path).mode & 0o7777).toBe(0o700)
    const { blocks, bsize } = statfsSync(path)
    expect(blocks * bsize).toBe(SIZE_BYTES)
    expect(() => writeFileSync(join(path, "big"), Buffer.alloc(2 * SIZE_BYTES))).toThrow(/ENOSPC/)
    unmount(path)
    expect(readMountType(path)).toBeUndefined()
    unmount(path)
  })
})
