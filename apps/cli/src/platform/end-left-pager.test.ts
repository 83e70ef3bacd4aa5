import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { endProcess, identifyProcess, isAlive, readBootId, startDetached } from "@thaw/linux"
import { expect, it } from "vitest"

import { Output } from "../output/output.ts"
import { endLeftPager } from "./end-left-pager.ts"
import { dataDirArgument } from "./plan-processes.ts"
import { platformPaths } from "./platform-paths.ts"
import { writePlatformRecord } from "./platform-record.ts"

/** A data directory and a process that was started as its pager is */
async function startPager(stack: AsyncDisposableStack) {
  const directory = await mkdtemp(join(tmpdir(), "thaw-pager-"))
  stack.defer(() => rm(directory, { recursive: true }))
  const sourceDir = join(directory, "apps", "pager", "src")
  await mkdir(sourceDir, { recursive: true })
  await writeFile(join(sourceDir, "main.ts"), "setInterval(() => undefined, 1000)")
  const dataDir = join(directory, "data")
  const argv = [process.execPath, join(sourceDir, "main.ts"), dataDirArgument(dataDir)] as const
  const pager = await startDetached(argv, { logPath: join(directory, "log") })
  stack.defer(() => endProcess(pager, { graceMs: 0 }))
  const texts: string[] = []
  const sink = { write: (text: string) => texts.push(text) }
  const output = new Output({ json: false, stdout: sink, stderr: sink })
  return { directory, dataDir, pager, texts, context: { output, paths: platformPaths(dataDir) } }
}

/** A program by the name of the VMM, with a word of the data directory on its command line */
async function startVmm(stack: AsyncDisposableStack, place: { directory: string; dataDir: string }) {
  const program = join(place.directory, "qemu-system-x86_64")
  await copyFile("/bin/sh", program)
  const argv = [program, "-c", "while :; do sleep 1; done", join(place.dataDir, "sandboxes/x")] as const
  const vmm = await startDetached(argv, { logPath: join(place.directory, "vmm-log") })
  stack.defer(() => endProcess(vmm, { graceMs: 0 }))
  return vmm
}

it("endLeftPager() ends a pager that serves nobody", async () => {
  await using stack = new AsyncDisposableStack()
  const { pager, texts, context } = await startPager(stack)
  await endLeftPager(context, { force: false })
  expect(await isAlive(pager)).toBe(false)
  expect(texts).toEqual([`ended pager (pid ${pager.pid}), left without a sandbox to serve\n`])
  await endLeftPager(context, { force: true })
  expect(texts).toHaveLength(1)
})

it("endLeftPager() leaves the pager to VMs that are left, unless it is forced", async () => {
  await using stack = new AsyncDisposableStack()
  const { directory, dataDir, pager, context } = await startPager(stack)
  const vmm = await startVmm(stack, { directory, dataDir })
  await endLeftPager(context, { force: false })
  expect(await isAlive(pager)).toBe(true)
  await endLeftPager(context, { force: true })
  expect(await isAlive(pager)).toBe(false)
  expect(await isAlive(vmm)).toBe(true)
})

it("endLeftPager() leaves the pager to a platform that was started meanwhile", async () => {
  await using stack = new AsyncDisposableStack()
  const { pager, context } = await startPager(stack)
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
  await endLeftPager(context, { force: true })
  expect(await isAlive(pager)).toBe(true)
})
