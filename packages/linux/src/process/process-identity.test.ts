import { spawn } from "node:child_process"
import { once } from "node:events"

import { describe, expect, it } from "vitest"

import { endProcess } from "./end-process.ts"
import { findProcessesByArgument, identifyProcess, isAlive } from "./process-identity.ts"

const PID_MAX = 2 ** 22

describe("identifyProcess()", () => {
  it("tells a process from another of the same number", async () => {
    const self = await identifyProcess(process.pid)
    expect(self?.pid).toBe(process.pid)
    expect(self !== undefined && (await isAlive(self))).toBe(true)
    expect(await isAlive({ pid: process.pid, startTicks: 1 })).toBe(false)
    expect(await identifyProcess(PID_MAX)).toBeUndefined()
  })
})

describe("findProcessesByArgument() and endProcess()", () => {
  it("find a process by what it was called with, and end it although it ignores SIGTERM", async () => {
    const mark = `mark-${process.pid}-${Date.now()}`
    const child = spawn("sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done", mark])
    await once(child.stdout, "data")
    const [found, ...more] = await findProcessesByArgument(mark)
    expect(more).toEqual([])
    expect(found).toMatchObject({ pid: child.pid })
    expect(found?.argv.at(-1)).toBe(mark)
    const exited = once(child, "exit")
    if (found !== undefined) await endProcess(found, { graceMs: 100 })
    expect(await exited).toEqual([null, "SIGKILL"])
    if (found !== undefined) await endProcess(found, { graceMs: 100 })
  })
})
