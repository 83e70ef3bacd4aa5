import type { PauseReportBody } from "@thaw/api"
import type { SandboxStatus } from "@thaw/model"

import type { Lifetime, LifetimeRule } from "../db/queries/set-lifetime.ts"
import type { SandboxRecord } from "../db/sandbox-row.ts"
import type { HostSandbox } from "../hosts/host-sandbox.ts"
import { planFollow } from "./plan-follow.ts"
import { planRoute } from "./plan-route.ts"

/** What makes the database agree with a host */
export type SyncAction =
  | {
      readonly kind: "settle"
      readonly row: SandboxRecord
      /** Each may follow the one before, and the first the row's; the rest is about the last */
      readonly route: readonly SandboxStatus[]
      readonly reason?: string | undefined
      /** Null: never */
      readonly expiresAt?: Date | null | undefined
      /** How long it lives, as its host has it */
      readonly lifetime?: LifetimeRule | undefined
      readonly pause?: PauseReportBody | undefined
      readonly hostChangedAt?: Date | undefined
      /** Whether the host remembers an ended sandbox until it is told that its end is known */
      readonly acknowledge?: boolean
    }
  /** Takes over how long a running sandbox lives, which its activity moves */
  | { readonly kind: "follow"; readonly row: SandboxRecord; readonly lifetime: Lifetime }
  /** Ends on the host what is `stopping` in the database, and settles it */
  | { readonly kind: "finish-destroy"; readonly row: SandboxRecord }
  /** Ends on the host, or makes it forget, what has ended in the database */
  | { readonly kind: "remove-leftover"; readonly row: SandboxRecord }

export interface SyncState {
  /** Read before the host was asked, so that what is `running` here was known to the host by then */
  readonly rows: readonly SandboxRecord[]
  readonly hostSandboxes: ReadonlyMap<string, HostSandbox>
  /**
   * Whether the host was asked after the rows were read: a sandbox that is not among `hostSandboxes` is not on the host, and what is
   * said of the others is newer than the rows
   */
  readonly isComplete: boolean
  /** Whether this process works on a sandbox just now */
  readonly isInFlight: (id: string) => boolean
  /** An operation that nobody in this process works on, and whose row is older, was interrupted */
  readonly interruptedBefore: Date
  readonly now: Date
}

/** Compares rows with what their host says. Sandboxes that an operation of this process works on are left to it. */
export function planSync(state: SyncState): SyncAction[] {
  return state.rows
    .filter((row) => !state.isInFlight(row.id))
    .map((row) => planRow(row, state.hostSandboxes.get(row.id), state))
    .filter((action) => action !== undefined)
}

function planRow(
  row: SandboxRecord,
  seen: HostSandbox | undefined,
  state: SyncState,
): SyncAction | undefined {
  if (!state.isComplete && (seen === undefined || isOutdated(row, seen))) return undefined
  switch (row.status) {
    case "pending":
    case "starting":
      return isInterrupted(row, state) ? planCreate(row, seen, state) : undefined
    case "running":
      return planRunning(row, seen, state)
    case "pausing":
    case "resuming":
      return planTransition(row, seen, state)
    case "paused":
      return planPaused(row, seen, state)
    case "stopping":
      return planStopping(row, seen)
    case "stopped":
      return seen === undefined ? undefined : { kind: "remove-leftover", row }
    case "error":
      // One that lives may hold a user's data: it is the user who deletes it.
      if (seen === undefined || (isAlive(seen) && row.startedAt !== undefined)) return undefined
      return { kind: "remove-leftover", row }
  }
}

/** Whether the host said this before it said what the row knows already: reports and answers come by different ways */
function isOutdated(row: SandboxRecord, seen: HostSandbox): boolean {
  return row.hostChangedAt !== undefined && seen.changedAt < row.hostChangedAt
}

function isInterrupted(row: SandboxRecord, state: SyncState): boolean {
  return row.updatedAt < state.interruptedBefore
}

/** A create whose control plane went away before it was over */
function planCreate(
  row: SandboxRecord,
  seen: HostSandbox | undefined,
  state: SyncState,
): SyncAction | undefined {
  // The host is asked after the row became `starting` only.
  if (row.status === "pending" || seen === undefined) {
    return { kind: "settle", row, route: ["error"], reason: "create interrupted" }
  }
  return seen.status === "starting" ? undefined : planAgree(row, seen, state)
}

function planRunning(
  row: SandboxRecord,
  seen: HostSandbox | undefined,
  state: SyncState,
): SyncAction | undefined {
  if (seen === undefined) {
    const isOver = row.onTimeout === "destroy" && row.expiresAt !== undefined && row.expiresAt <= state.now
    if (isOver) return { kind: "settle", row, route: ["stopped"], reason: "timeout reached" }
    return { kind: "settle", row, route: ["error"], reason: "lost by its host" }
  }
  switch (seen.status) {
    case "running":
      return planFollow(row, seen, state)
    // Its time is over: a client's pause would have changed the row first.
    case "pausing":
    case "paused":
      return planAgree(row, seen, state)
    default:
      return planEnded(row, seen)
  }
}

/** A pause or resume that nobody in this process works on any more, or that another process works on */
function planTransition(
  row: SandboxRecord,
  seen: HostSandbox | undefined,
  state: SyncState,
): SyncAction | undefined {
  if (seen === undefined) {
    return { kind: "settle", row, route: ["error"], reason: `lost by its host while it was ${row.status}` }
  }
  const { done, before } = row.status === "pausing" ? PAUSE : RESUME
  if (seen.status === done) return planAgree(row, seen, state)
  if (seen.status !== before) return planEnded(row, seen)
  // It has failed, or the host has not been asked yet: what a partial view shows may be from before.
  const isSince = row.hostChangedAt !== undefined && seen.changedAt > row.hostChangedAt
  return isInterrupted(row, state) && (state.isComplete || isSince) ? planAgree(row, seen, state) : undefined
}

const PAUSE = { done: "paused", before: "running" } as const
const RESUME = { done: "running", before: "paused" } as const

function planPaused(
  row: SandboxRecord,
  seen: HostSandbox | undefined,
  state: SyncState,
): SyncAction | undefined {
  // One that the host does not list is not given up: what it is paused to may still be there.
  if (seen === undefined) return undefined
  return seen.status === "running" ? planAgree(row, seen, state) : planEnded(row, seen)
}

/** Makes the row what the host says; nothing when that is on its way from one status to the next in a way that the row cannot follow */
function planAgree(row: SandboxRecord, seen: HostSandbox, state: SyncState): SyncAction | undefined {
  const route = planRoute(row.status, seen.status)
  if (route.length === 0) return planEnded(row, seen)
  const isPaused = seen.status === "paused"
  return {
    kind: "settle",
    row,
    route,
    reason: isPaused || seen.status === "pausing" ? pauseReason(row, seen) : undefined,
    expiresAt: isPaused ? null : seen.status === "running" ? (seen.expiresAt ?? null) : undefined,
    // What a client has changed since may be missing from a partial view.
    lifetime: state.isComplete ? { timeoutSec: seen.timeoutSec, onTimeout: seen.onTimeout } : undefined,
    pause: isPaused ? seen.pause : undefined,
    hostChangedAt: seen.changedAt,
  }
}

/** Why a sandbox is paused, unless a client has asked for it */
function pauseReason(row: SandboxRecord, seen: HostSandbox): string | undefined {
  if (row.status === "pausing" || row.status === "resuming") return seen.reason ?? row.reason
  return seen.reason ?? (row.onTimeout === "pause" ? "timeout reached" : undefined)
}

function planEnded(row: SandboxRecord, seen: HostSandbox): SyncAction | undefined {
  if (seen.status !== "stopped" && seen.status !== "error") return undefined
  return {
    kind: "settle",
    row,
    route: [seen.status],
    reason: seen.reason,
    hostChangedAt: seen.changedAt,
    acknowledge: true,
  }
}

function planStopping(row: SandboxRecord, seen: HostSandbox | undefined): SyncAction {
  if (seen === undefined) return { kind: "settle", row, route: ["stopped"], reason: "deleted" }
  return { kind: "finish-destroy", row }
}

function isAlive(seen: HostSandbox): boolean {
  return seen.status !== "stopping" && seen.status !== "stopped" && seen.status !== "error"
}
