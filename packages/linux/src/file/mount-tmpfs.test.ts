import { mkdtempSync, readFileSync, rmSync, statSync, statfsSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import { describe, expect, it, onTestFinished } from "vitest"

import { run } from "../exec/run.ts"
import { lockDirectory } from "./lock-file.ts"
import { ensureTmpfs, readMountType, unmount } from "./mount-tmpfs.ts"

const SIZE_BYTES = 64 * 1024
const PROCESS_TIMEOUT_MS = 20_000

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

  it("mounts once when several processes do it at the same time", async () => {
    const directory = mkdtempSync(join(tmpdir(), "mount-tmpfs-test-"))
    const path = join(directory, "memory")
    onTestFinished(() => {
      unmount(path)
      rmSync(directory, { recursive: true })
    })
    const held = lockDirectory(directory)
    const mounting = [mountElsewhere(path), mountElsewhere(path)]
    await waitForWaiters(directory, mounting.length)
    expect(readMountType(path)).toBeUndefined()
    held[Symbol.dispose]()
    expect((await Promise.all(mounting)).sort()).toEqual(["false", "true"])
    expect(readFileSync("/proc/self/mountinfo", "utf8").split(` ${path} `)).toHaveLength(2)
  })
})

async function mountElsewhere(path: string): Promise<string> {
  const module = JSON.stringify(join(import.meta.dirname, "mount-tmpfs.ts"))
  const script = `import { ensureTmpfs } from ${module}; console.log(ensureTmpfs(process.argv[1], { mode: 0o700 }))`
  const argv = [process.execPath, "--input-type=module", "--eval", script, path] as const
  return (await run(argv, { timeoutMs: PROCESS_TIMEOUT_MS })).stdout.trim()
}

/** Locks that are waited for have an arrow; proc(5) /proc/locks */
async function waitForWaiters(path: string, count: number): Promise<void> {
  const inode = `:${statSync(path).ino} `
  const deadline = performance.now() + PROCESS_TIMEOUT_MS
  for (;;) {
    const lines = readFileSync("/proc/locks", "utf8").split("\n")
    if (lines.filter((line) => line.includes("->") && line.includes(inode)).length === count) return
    if (performance.now() > deadline) throw new Error(`nobody waits for the lock of "${path}"`)
    await sleep(10)
  }
}
