import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { endProcess, identifyProcess, isAlive, readBootId, startDetached } from "@thaw/linux"
import { expect, it } from "vitest"

import { Output } from "../output/output.ts"
import { endStalePlatform } from "./end-stale-platform.ts"
import { dataDirArgument } from "./plan-processes.ts"
import { platformPaths } from "./platform-paths.ts"
import { writePlatformRecord } from "./platform-record.ts"

/** A data directory, and a process that was started in it as a host agent is, without any record of it */
async function startHostAgent(stack: AsyncDisposableStack) {
  const directory = await mkdtemp(join(tmpdir(), "thaw-stale-"))
  stack.defer(() => rm(directory, { recursive: true }))
  const sourceDir = join(directory, "apps", "host-agent", "src")
  await mkdir(sourceDir, { recursive: true })
  await writeFile(join(sourceDir, "main.ts"), "setInterval(() => undefined, 1000)")
  const dataDir = join(directory, "data")
  const agent = await startDetached(
    [process.execPath, join(sourceDir, "main.ts"), dataDirArgument(dataDir)],
    {
      logPath: join(directory, "log"),
    },
  )
  stack.defer(() => endProcess(agent, { graceMs: 0 }))
  const texts: string[] = []
  const sink = { write: (text: string) => texts.push(text) }
  const output = new Output({ json: false, stdout: sink, stderr: sink })
  return { agent, texts, context: { output, paths: platformPaths(dataDir) } }
}

it("endStalePlatform() ends a process that no record names", async () => {
  await using stack = new AsyncDisposableStack()
  const { agent, texts, context } = await startHostAgent(stack)
  await endStalePlatform(context)
  expect(await isAlive(agent)).toBe(false)
  expect(texts).toEqual([`ended host-agent (pid ${agent.pid}), left by a supervisor that is gone\n`])
})

it("endStalePlatform() leaves the processes of a supervisor that lives alone", async () => {
  await using stack = new AsyncDisposableStack()
  const { agent, texts, context } = await startHostAgent(stack)
  const supervisor = await identifyProcess(process.pid)
  if (supervisor === undefined) throw new Error("this process is not in /proc")
  await writePlatformRecord(context.paths.record, {
    version: 1,
    state: "starting",
    supervisor,
    processes: [],
    url: "http://127.0.0.1:1",
    port: 1,
    agentPort: 2,
    startedAtMs: 0,
    bootId: await readBootId(),
  })
  await endStalePlatform(context)
  expect(await isAlive(agent)).toBe(true)
  expect(texts).toEqual([])
})
