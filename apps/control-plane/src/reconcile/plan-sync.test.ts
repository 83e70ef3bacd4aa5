import type { SandboxStatus } from "@thaw/model"
import { describe, expect, test } from "vitest"

import type { SandboxRecord } from "../db/sandbox-row.ts"
import type { HostSandbox } from "../hosts/host-sandbox.ts"
import { ID, NOW, REPORT, STARTED, row, seen } from "./_sync-state.ts"
import { planSync, type SyncAction } from "./plan-sync.ts"

interface View {
  readonly isComplete?: boolean
  readonly isInFlight?: boolean
}

function planOne(from: SandboxRecord, host: HostSandbox | undefined, view: View = {}) {
  return planSync({
    rows: [from],
    hostSandboxes: new Map(host === undefined ? [] : [[ID, host]]),
    isComplete: view.isComplete ?? true,
    isInFlight: () => view.isInFlight ?? false,
    interruptedBefore: STARTED,
    now: NOW,
  })[0]
}

function plan(from: SandboxRecord, host: HostSandbox | undefined, view: View = {}) {
  return brief(planOne(from, host, view))
}

function brief(action: SyncAction | undefined): string | undefined {
  return action?.kind === "settle" ? `${action.route.join(", ")}: ${action.reason ?? ""}` : action?.kind
}

const ended = (status: SandboxStatus, reason?: string) => seen(status, { reason })
const NEVER_STARTED = { startedAt: undefined }
/** Perhaps of an operation of another process */
const FRESH = { updatedAt: NOW }
const EXPIRED = { expiresAt: new Date("2026-01-01T11:59:59.000Z") }
const PAUSES = { onTimeout: "pause" } as const
const BY_TIMEOUT = { reason: "timeout reached" }

describe("planSync()", () => {
  test.each([
    // Creates that nobody works on any more
    ["an interrupted create that runs", row("starting"), seen("running"), "running: "],
    ["one that is still starting", row("starting"), seen("starting"), undefined],
    ["one the host gave up", row("starting"), ended("error", "no boot"), "error: no boot"],
    ["one the host does not know", row("starting"), undefined, "error: create interrupted"],
    ["one the host was not asked for", row("pending"), undefined, "error: create interrupted"],
    ["a create of another process", row("starting", { ...FRESH, ...NEVER_STARTED }), undefined, undefined],
    [
      "one whose time was over",
      row("starting", PAUSES),
      seen("paused"),
      "running, pausing, paused: timeout reached",
    ],
    // Running
    ["what runs", row("running"), seen("running"), undefined],
    ["a crash", row("running"), ended("error", "killed"), "error: killed"],
    ["an end", row("running"), ended("stopped", "timeout"), "stopped: timeout"],
    ["being on its way out", row("running"), seen("stopping"), undefined],
    ["lost", row("running"), undefined, "error: lost by its host"],
    ["expired unseen", row("running", EXPIRED), undefined, "stopped: timeout reached"],
    [
      "lost when it should be paused",
      row("running", { ...EXPIRED, ...PAUSES }),
      undefined,
      "error: lost by its host",
    ],
    ["its time is over", row("running", PAUSES), seen("paused"), "pausing, paused: timeout reached"],
    ["its time being over", row("running", PAUSES), seen("pausing"), "pausing: timeout reached"],
    ["paused by someone else", row("running"), seen("paused"), "pausing, paused: "],
    ["resuming, of which it knows", row("running"), seen("resuming"), undefined],
    // Pauses that nobody works on any more
    ["a pause that was made", row("pausing"), seen("paused"), "paused: "],
    ["a pause that came by itself", row("pausing", BY_TIMEOUT), seen("paused"), "paused: timeout reached"],
    ["a pause under way", row("pausing"), seen("pausing"), undefined],
    ["a pause that was not made", row("pausing"), seen("running"), "running: "],
    ["a pause of another process", row("pausing", FRESH), seen("running"), undefined],
    ["a pause that another process made", row("pausing", FRESH), seen("paused"), "paused: "],
    ["a death in a pause", row("pausing"), ended("error", "killed"), "error: killed"],
    ["lost in a pause", row("pausing"), undefined, "error: lost by its host while it was pausing"],
    // Paused
    ["what is paused", row("paused"), seen("paused"), undefined],
    ["paused and not listed", row("paused"), undefined, undefined],
    ["paused and running", row("paused"), seen("running"), "resuming, running: "],
    ["paused and on its way", row("paused"), seen("resuming"), undefined],
    ["paused and dead", row("paused"), ended("error", "no data"), "error: no data"],
    // Resumes that nobody works on any more
    ["a resume that was made", row("resuming"), seen("running"), "running: "],
    ["a resume under way", row("resuming"), seen("resuming"), undefined],
    ["a resume that was not made", row("resuming"), seen("paused"), "paused: "],
    ["a resume of another process", row("resuming", FRESH), seen("paused"), undefined],
    ["a resume that another process made", row("resuming", FRESH), seen("running"), "running: "],
    ["pausing again after a resume", row("resuming"), seen("pausing"), undefined],
    ["a death in a resume", row("resuming"), ended("error", "killed"), "error: killed"],
    ["lost in a resume", row("resuming"), undefined, "error: lost by its host while it was resuming"],
    // Deletes
    ["a delete that is done", row("stopping"), undefined, "stopped: deleted"],
    ["a delete of one the host still remembers", row("stopping"), seen("stopped"), "finish-destroy"],
    ["a delete that is not done", row("stopping"), seen("running"), "finish-destroy"],
    ["a delete of one in error", row("stopping"), seen("error"), "finish-destroy"],
    ["a delete of a paused one", row("stopping"), seen("paused"), "finish-destroy"],
    // Ended
    ["a leftover of a stopped one", row("stopped"), seen("running"), "remove-leftover"],
    ["a paused leftover", row("stopped"), seen("paused"), "remove-leftover"],
    ["a stopped one the host still remembers", row("stopped"), seen("stopped"), "remove-leftover"],
    ["one in error the host still remembers", row("error"), seen("error"), "remove-leftover"],
    ["a stopped one", row("stopped"), undefined, undefined],
    ["a leftover of a failed create", row("error", NEVER_STARTED), seen("running"), "remove-leftover"],
    ["one in error that has run", row("error"), seen("running"), undefined],
    ["one in error that is paused", row("error"), seen("paused"), undefined],
  ])("%s", (_name, from, host, wanted) => {
    expect(plan(from, host)).toBe(wanted)
  })

  test("an operation under way is left alone", () => {
    for (const status of ["starting", "running", "pausing", "resuming", "stopping", "stopped"] as const) {
      expect(plan(row(status), undefined, { isInFlight: true })).toBeUndefined()
      expect(plan(row(status), seen("running"), { isInFlight: true })).toBeUndefined()
      expect(plan(row(status), seen("paused"), { isInFlight: true })).toBeUndefined()
    }
  })

  test("what a partial view does not show is not missing", () => {
    for (const status of ["starting", "running", "pausing", "resuming", "stopping"] as const) {
      expect(plan(row(status), undefined, { isComplete: false })).toBeUndefined()
    }
  })

  test("what the host said before it said what is known is no news, unless it was asked since", () => {
    const late = { hostChangedAt: new Date(STARTED.getTime() + 1) }
    for (const [from, host] of [
      [row("running", { ...late, ...PAUSES }), seen("paused")],
      [row("paused", late), seen("running")],
      [row("running", late), ended("error", "killed")],
    ] as const) {
      expect(plan(from, host, { isComplete: false })).toBeUndefined()
      expect(plan(from, host)).toBeDefined()
    }
  })

  test("of a pause or resume whose outcome is unknown, only news or the whole view tell that it was not made", () => {
    for (const [status, before] of [
      ["pausing", "running"],
      ["resuming", "paused"],
    ] as const) {
      const from = row(status, { hostChangedAt: STARTED })
      expect(plan(from, seen(before), { isComplete: false })).toBeUndefined()
      const since = seen(before, { changedAt: new Date(STARTED.getTime() + 1) })
      expect(plan(from, since, { isComplete: false })).toBe(`${before}: `)
      expect(plan(from, seen(before))).toBe(`${before}: `)
    }
  })

  test("a pause brings its report and stops the clock, a resume starts it", () => {
    expect(planOne(row("pausing", EXPIRED), seen("paused"))).toMatchObject({
      expiresAt: null,
      pause: REPORT,
      hostChangedAt: STARTED,
    })
    expect(planOne(row("resuming"), seen("running", EXPIRED))).toMatchObject({
      ...EXPIRED,
      pause: undefined,
      hostChangedAt: STARTED,
    })
    expect(planOne(row("pausing"), seen("running"))).toMatchObject({ expiresAt: null })
  })

  describe("follows how long a running sandbox lives", () => {
    const at = (sec: number) => ({ expiresAt: new Date(NOW.getTime() + sec * 1000) })
    const OTHER = { timeoutSec: 60, onTimeout: "pause" } as const
    test.each([
      ["moved by activity", row("running", at(10)), seen("running", at(20)), "follow", "follow"],
      ["moved by next to nothing", row("running", at(10)), seen("running", at(10.5)), undefined, undefined],
      ["earlier", row("running", at(20)), seen("running", at(10)), undefined, "follow"],
      ["never any more", row("running", at(20)), seen("running"), "follow", "follow"],
      ["no longer never", row("running"), seen("running", at(10)), undefined, "follow"],
      ["still never", row("running"), seen("running"), undefined, undefined],
      [
        "with another timeout",
        row("running", at(10)),
        seen("running", { ...at(60), ...OTHER }),
        undefined,
        "follow",
      ],
      ["paused", row("paused"), seen("paused", at(10)), undefined, undefined],
      ["pausing", row("pausing"), seen("pausing", at(10)), undefined, undefined],
    ])("%s", (_name, from, host, ofPartial, ofWhole) => {
      expect(plan(from, host, { isComplete: false })).toBe(ofPartial)
      expect(plan(from, host)).toBe(ofWhole)
    })

    test("by what the host has", () => {
      const action = planOne(row("running", at(10)), seen("running", { ...at(60), ...OTHER }))
      expect(action).toMatchObject({ lifetime: { ...at(60), ...OTHER } })
    })
  })
})
