import { sandboxIdFromBytes, parseTemplateName } from "@thaw/model"
import { describe, expect, it } from "vitest"

import { planRecovery } from "./plan-recovery.ts"
import type { SandboxRecord } from "./sandbox-record.ts"

const NOW_MS = 1_800_000_000_000
const HOUR_MS = 3_600_000

function record(change: Partial<SandboxRecord>): SandboxRecord {
  return {
    formatVersion: 2,
    spec: {
      id: sandboxIdFromBytes(new Uint8Array(17)),
      template: parseTemplateName("base"),
      vcpus: 1,
      memoryMib: 512,
      timeoutSec: 0,
      onTimeout: "destroy",
    },
    status: "running",
    reason: "",
    createdAtMs: NOW_MS - HOUR_MS,
    changedAtMs: NOW_MS - HOUR_MS,
    guestToken: "00".repeat(32),
    startSteps: [],
    layers: [],
    diskBytes: 0,
    disk: "open",
    ...change,
  }
}

describe("planRecovery()", () => {
  it.each([
    { status: "running", alive: true, expected: "adopt" },
    { status: "running", alive: false, expected: "bury" },
    { status: "pausing", alive: true, expected: "adopt" },
    { status: "pausing", alive: false, expected: "bury" },
    { status: "paused", alive: true, expected: "settle" },
    { status: "paused", alive: false, expected: "settle" },
    { status: "resuming", alive: true, expected: "settle" },
    { status: "starting", alive: true, expected: "remove" },
    { status: "starting", alive: false, expected: "remove" },
    { status: "stopping", alive: true, expected: "remove" },
    { status: "error", alive: false, expected: "remember" },
    { status: "stopped", alive: false, expected: "remember" },
  ] as const)("$status with its VMM alive: $alive is to $expected", ({ status, alive, expected }) => {
    expect(planRecovery(record({ status }), { isVmmAlive: alive, nowMs: NOW_MS }).action).toBe(expected)
  })

  it("keeps the reason of an end whose clean-up was cut short", () => {
    const ended = record({ status: "error", reason: "the VMM process ended", slot: 3 })
    expect(planRecovery(ended, { isVmmAlive: false, nowMs: NOW_MS })).toEqual({
      action: "bury",
      reason: "the VMM process ended",
    })
  })

  it("forgets an end after a day", () => {
    const old = record({ status: "stopped", changedAtMs: NOW_MS - 25 * HOUR_MS })
    expect(planRecovery(old, { isVmmAlive: false, nowMs: NOW_MS }).action).toBe("remove")
  })
})
