import { sandboxIdFromBytes, type SandboxStatus } from "@thaw/model"
import { describe, expect, test } from "vitest"

import type { SandboxRecord } from "../db/sandbox-row.ts"
import type { HostSandbox } from "../hosts/host-sandbox.ts"
import { planSync, type SyncAction } from "./plan-sync.ts"

const NOW = new Date("2026-01-01T12:00:00.000Z")
const BEFORE_START = new Date("2026-01-01T10:00:00.000Z")
const STARTED = new Date("2026-01-01T11:00:00.000Z")
const ID = sandboxIdFromBytes(new Uint8Array(32))

function row(status: SandboxStatus, more: Partial<SandboxRecord> = {}): SandboxRecord {
  return {
    id: ID,
    hostId: "default",
    template: "base",
    status,
    reason: undefined,
    vcpus: 1,
    memoryMib: 512,
    timeoutSec: 300,
    metadata: {},
    revision: 3,
    createdAt: BEFORE_START,
    startedAt: BEFORE_START,
    updatedAt: BEFORE_START,
    expiresAt: undefined,
    ...more,
  }
}

function seen(status: SandboxStatus, reason?: string): HostSandbox {
  return { id: ID, status, reason, expiresAt: undefined }
}

function plan(
  from: SandboxRecord,
  host: HostSandbox | undefined,
  more: { isComplete?: boolean; isInFlight?: boolean } = {},
) {
  return planSync({
    rows: [from],
    hostSandboxes: new Map(host === undefined ? [] : [[ID, host]]),
    isComplete: more.isComplete ?? true,
    isInFlight: () => more.isInFlight ?? false,
    interruptedBefore: STARTED,
    now: NOW,
  }).map(brief)[0]
}

function brief(action: SyncAction): string {
  return action.kind === "settle" ? `${action.to}: ${action.reason ?? ""}` : action.kind
}

const NEVER_STARTED = { startedAt: undefined }
const FRESH = { updatedAt: NOW, startedAt: undefined }
const EXPIRED = { expiresAt: new Date("2026-01-01T11:59:59.000Z") }

describe("planSync()", () => {
  test.each([
    // Creates that nobody works on any more
    ["an interrupted create that runs", row("starting"), seen("running"), "running: "],
    ["one that is still starting", row("starting"), seen("starting"), undefined],
    ["one the host gave up", row("starting"), seen("error", "no boot"), "error: no boot"],
    ["one the host does not know", row("starting"), undefined, "error: create interrupted"],
    ["one the host was not asked for", row("pending"), undefined, "error: create interrupted"],
    ["a create of another process", row("starting", FRESH), undefined, undefined],
    // Running
    ["what runs", row("running"), seen("running"), undefined],
    ["a crash", row("running"), seen("error", "killed"), "error: killed"],
    ["an end", row("running"), seen("stopped", "timeout"), "stopped: timeout"],
    ["being on its way out", row("running"), seen("stopping"), undefined],
    ["lost", row("running"), undefined, "error: lost by its host"],
    ["expired unseen", row("running", EXPIRED), undefined, "stopped: timeout reached"],
    // Deletes
    ["a delete that is done", row("stopping"), undefined, "stopped: deleted"],
    ["a delete of one the host still remembers", row("stopping"), seen("stopped"), "finish-destroy"],
    ["a delete that is not done", row("stopping"), seen("running"), "finish-destroy"],
    ["a delete of one in error", row("stopping"), seen("error"), "finish-destroy"],
    // Ended
    ["a leftover of a stopped one", row("stopped"), seen("running"), "remove-leftover"],
    ["a stopped one the host still remembers", row("stopped"), seen("stopped"), "remove-leftover"],
    ["one in error the host still remembers", row("error"), seen("error"), "remove-leftover"],
    ["a stopped one", row("stopped"), undefined, undefined],
    ["a leftover of a failed create", row("error", NEVER_STARTED), seen("running"), "remove-leftover"],
    ["one in error that has run", row("error"), seen("running"), undefined],
    // Not on the host by design
    ["paused", row("paused"), undefined, undefined],
    ["pausing", row("pausing"), undefined, undefined],
    ["resuming", row("resuming"), undefined, undefined],
  ])("%s", (_name, from, host, wanted) => {
    expect(plan(from, host)).toBe(wanted)
  })

  test("an operation under way is left alone", () => {
    for (const status of ["starting", "running", "stopping", "stopped"] as const) {
      expect(plan(row(status), undefined, { isInFlight: true })).toBeUndefined()
      expect(plan(row(status), seen("running"), { isInFlight: true })).toBeUndefined()
    }
  })

  test("what a partial view does not show is not missing", () => {
    for (const status of ["starting", "running", "stopping"] as const) {
      expect(plan(row(status), undefined, { isComplete: false })).toBeUndefined()
    }
  })
})
