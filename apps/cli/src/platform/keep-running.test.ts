import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { expect, it } from "vitest"

import { keepRunning } from "./keep-running.ts"

it("keepRunning() starts a process again also when neither its start nor its end can be told", async () => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "thaw-keep-running-"))
  stack.defer(() => rm(directory, { recursive: true }))
  const stop = new AbortController()
  const events: string[] = []
  const tell = (event: string) => {
    events.push(event)
    if (events.length === 3) stop.abort()
    throw new Error("ENOSPC: no space left on device, write")
  }
  const plan = {
    name: "host-agent",
    argv: ["sleep", "0.1"],
    env: {},
    logPath: join(directory, "log"),
  } as const
  // Async, as the supervisor's is.
  const onStarted = async () => await Promise.resolve().then(() => tell("started"))
  await keepRunning(plan, { onStarted, onEnded: () => tell("ended") }, stop.signal)
  expect(events).toEqual(["started", "ended", "started"])
})
