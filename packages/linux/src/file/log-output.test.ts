import { closeSync, openSync, readFileSync, rmSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { expect, it } from "vitest"

import { openLogOutput } from "./log-output.ts"
import { ensureTmpfs, unmount } from "./mount-tmpfs.ts"

it("loses lines while the disk is full, and goes on when there is room again", async () => {
  const directory = await mkdtemp(join(tmpdir(), "thaw-log-output-"))
  using stack = new DisposableStack()
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  ensureTmpfs(directory, { mode: 0o700, sizeBytes: 64 * 1024 })
  stack.defer(() => unmount(directory))
  const path = join(directory, "log")
  const fd = openSync(path, "a")
  stack.defer(() => closeSync(fd))
  const log = openLogOutput(fd)
  log.write("first\n")
  const ballast = join(directory, "ballast")
  await writeFile(ballast, Buffer.alloc(1024 * 1024)).catch(() => undefined)
  log.write(`${"x".repeat(10_000)}\n`)
  log.write(`${"y".repeat(10_000)}\n`)
  await rm(ballast)
  log.write("last\n")
  const lines = readFileSync(path, "utf8").split("\n")
  expect(lines[0]).toBe("first")
  expect(lines.slice(-2)).toEqual(["last", ""])
})

it("does not mind a descriptor that is closed", () => {
  const log = openLogOutput(1_000_000)
  expect(() => log.write("nobody reads this\n")).not.toThrow()
})
