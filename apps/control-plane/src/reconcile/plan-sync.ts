import type { SandboxStatus } from "@thaw/model"

import type { SandboxRecord } from "../db/sandbox-row.ts"
import type { HostSandbox } from "../hosts/host-sandbox.ts"

/** What makes the database agree with a host */
export type SyncAction =
  | {
      readonly kind: "settle"
      readonly row: SandboxRecord
      readonly to: SandboxStatus
      readonly reason?: string | undefined
      readonly expiresAt?: Date | undefined
      /** Whether the host remembers an ended sandbox until it is told that its end is known */
      readonly acknowledge?: boolean
    }
  /** Ends on the host what is `stopping` in the database, and settles it */
  | { readonly kind: "finish-destroy"; readonly row: SandboxRecord }
  /** Ends on the host, or makes it forget, what has ended in the database */
  | { readonly kind: "remove-leftover"; readonly row: SandboxRecord }

export interface SyncState {
  /** Read before the host was asked, so that what is `running` here was known to the host by then */
  readonly rows: readonly SandboxRecord[]
  readonly hostSandboxes: ReadonlyMap<string, HostSandbox>
  /** Whether a sandbox that is not among `hostSandboxes` is not on the host */
  readonly isComplete: boolean
  /** Whether this process works on a sandbox just now */
  readonly isInFlight: (id: string) => boolean
  /** A create that nobody in this process works on, and whose row is older, was interrupted */
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
  if (seen === undefined && !state.isComplete) return undefined
  switch (row.status) {
    case "pending":
    case "starting":
      return row.updatedAt < state.interruptedBefore ? planInterrupted(row, seen) : undefined
    case "running":
      return planRunning(row, seen, state.now)
    case "stopping":
      return planStopping(row, seen)
    case "stopped":
      return seen === undefined ? undefined : { kind: "remove-leftover", row }
    case "error":
      // One that runs may hold a user's data: it is the user who deletes it.
      if (seen === undefined || (isAlive(seen) && row.startedAt !== undefined)) return undefined
      return { kind: "remove-leftover", row }
    // Pausing, paused and resuming sandboxes are expected to be absent from their host.
    case "pausing":
    case "paused":
    case "resuming":
      return undefined
  }
}

/** A create whose control plane went away before it was over */
function planInterrupted(row: SandboxRecord, seen: HostSandbox | undefined): SyncAction | undefined {
  // The host is asked after the row became `starting` only.
  if (row.status === "pending" || seen === undefined) {
    return { kind: "settle", row, to: "error", reason: "create interrupted" }
  }
  if (seen.status === "running") return { kind: "settle", row, to: "running", expiresAt: seen.expiresAt }
  return planEnded(row, seen)
}

function planRunning(row: SandboxRecord, seen: HostSandbox | undefined, now: Date): SyncAction | undefined {
  if (seen !== undefined) return planEnded(row, seen)
  if (row.expiresAt !== undefined && row.expiresAt <= now) {
    return { kind: "settle", row, to: "stopped", reason: "timeout reached" }
  }
  return { kind: "settle", row, to: "error", reason: "lost by its host" }
}

function planEnded(row: SandboxRecord, seen: HostSandbox): SyncAction | undefined {
  if (seen.status !== "stopped" && seen.status !== "error") return undefined
  return { kind: "settle", row, to: seen.status, reason: seen.reason, acknowledge: true }
}

function planStopping(row: SandboxRecord, seen: HostSandbox | undefined): SyncAction {
  if (seen === undefined) return { kind: "settle", row, to: "stopped", reason: "deleted" }
  return { kind: "finish-destroy", row }
}

function isAlive(seen: HostSandbox): boolean {
  return seen.status === "starting" || seen.status === "running"
}
