import type { SandboxRecord } from "./sandbox-record.ts"

/**
 * What to do with a sandbox that an earlier host agent left:
 * - `adopt`: it runs and goes on running
 * - `settle`: it is paused; take down what a pause or a resume cut short has left, but its disk
 * - `bury`: it ended while nobody looked; take down what is left and remember why
 * - `remember`: it ended before; only its reason is kept
 * - `remove`: it was half made or half destroyed; take down what is left
 */
export type RecoveryPlan =
  | { readonly action: "adopt" | "settle" | "remember" | "remove" }
  | { readonly action: "bury"; readonly reason: string }

/** How long the reason of an ended sandbox is kept for a control plane that never asks */
const REMEMBER_MS = 24 * 3600 * 1000

export function planRecovery(
  record: SandboxRecord,
  facts: { readonly isVmmAlive: boolean; readonly nowMs: number },
): RecoveryPlan {
  switch (record.status) {
    case "running":
    case "pausing":
      if (facts.isVmmAlive) return { action: "adopt" }
      return { action: "bury", reason: "the VMM process ended while the host agent was not running" }
    case "paused":
    case "resuming":
      return { action: "settle" }
    case "starting":
    case "stopping":
      return { action: "remove" }
    case "stopped":
    case "error":
      if (facts.nowMs - record.changedAtMs > REMEMBER_MS) return { action: "remove" }
      if (record.slot === undefined && record.vmm === undefined) return { action: "remember" }
      return { action: "bury", reason: record.reason }
  }
}
