import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { expect, it } from "vitest"

import { tryLockFile } from "./lock-file.ts"

it("tryLockFile() gives a lock to one holder at a time", async () => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "thaw-lock-"))
  stack.defer(async () => await rm(directory, { recursive: true }))
  const path = join(directory, "lock")

  const first = tryLockFile(path)
  expect(first).toBeDefined()
  expect(tryLockFile(path)).toBeUndefined()
  first?.[Symbol.dispose]()
  const second = tryLockFile(path)
  expect(second).toBeDefined()
  second?.[Symbol.dispose]()
})
