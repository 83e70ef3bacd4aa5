import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Worker } from "node:worker_threads"

import { closeDescriptor, openPidfd } from "@thaw/linux"
import { expect, onTestFinished, test, vi } from "vitest"

import { endStuckVmm } from "../attachment/end-stuck-vmm.ts"
import { readFailureNote } from "../attachment/failure-note.ts"
import { createReadMark, markRead, readUnderWay } from "./read-mark.ts"
import { watchReads } from "./read-watchdog.ts"

vi.setConfig({ testTimeout: 30_000 })

test("a thread that stays in a read is told of after a second, and its VMM is ended with a note", async () => {
  const directory = mkdtempSync(join(tmpdir(), "read-watchdog-test-"))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const pipePath = join(directory, "pipe")
  spawnSync("mkfifo", [pipePath])
  const vmm = spawn("sleep", ["60"])
  const pidfd = openPidfd(vmm.pid ?? -1)
  const words = createReadMark()
  const stuck = Promise.withResolvers<number>()
  using watch = watchReads(words, stuck.resolve)
  const startMs = performance.now()
  const reader = new Worker(new URL("./_marked-reader.ts", import.meta.url), {
    workerData: { words, pidfd, pipePath },
  })
  expect(await stuck.promise).toBe(pidfd)
  expect(performance.now() - startMs).toBeGreaterThan(1000)
  const ended = once(vmm, "exit")
  endStuckVmm(directory, "vm", pidfd)
  expect(await ended).toEqual([null, "SIGKILL"])
  expect(readdirSync(directory)).toContain("vm.failed")
  expect(readFailureNote(directory, "vm")).toMatchObject({
    code: "invalid_argument",
    message: "the VMM made its userfaultfd block",
  })
  closeDescriptor(pidfd)
  writeFileSync(pipePath, "x")
  await once(reader, "exit")
  expect(readUnderWay(words)).toBeUndefined()
  watch[Symbol.dispose]()
})

test("reads that end are no reason, however many there are", async () => {
  const words = createReadMark()
  const onStuck = vi.fn<(pidfd: number) => void>()
  using _watch = watchReads(words, onStuck)
  const endMs = performance.now() + 1500
  while (performance.now() < endMs) {
    // The watch looks while this is under way.
    await markRead(words, 7, async () => await new Promise((resolve) => setImmediate(resolve)))
  }
  expect(onStuck).not.toHaveBeenCalled()
  expect(() =>
    markRead(words, 7, () => {
      throw new Error("no")
    }),
  ).toThrow("no")
  expect(readUnderWay(words)).toBeUndefined()
})
