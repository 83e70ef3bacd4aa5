import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { expect, it } from "vitest"

import { acquireSetupLock } from "./setup-lock.ts"

it("a second set-up waits until the first has ended, or is aborted", async () => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "thaw-setup-lock-"))
  stack.defer(async () => await rm(directory, { recursive: true }))
  const paths = { artifactsDir: directory, templatesDir: await mkdtemp(join(directory, "templates-")) }
  const first = await acquireSetupLock(paths, { onWait: () => undefined })

  const abort = new AbortController()
  const waited: string[] = []
  const aborted = acquireSetupLock(paths, {
    onWait: () => {
      waited.push("aborted")
      abort.abort()
    },
    signal: abort.signal,
  })
  await expect(aborted).rejects.toThrow(/abort/i)
  const second = acquireSetupLock(paths, {
    onWait: () => {
      waited.push("second")
      first[Symbol.dispose]()
    },
  })
  ;(await second)[Symbol.dispose]()
  expect(waited).toEqual(["aborted", "second"])
})
