import type { SandboxStatus } from "@thaw/model"

/** How a sandbox that lives comes from one status to the next; a part of `NEXT_STATUSES` */
const LIFE: Partial<Record<SandboxStatus, readonly SandboxStatus[]>> = {
  pending: ["starting"],
  starting: ["running"],
  running: ["pausing"],
  pausing: ["paused", "running"],
  paused: ["resuming"],
  resuming: ["running", "paused"],
}

/**
 * Plans the shortest way of a living sandbox from one status to another: each status on it may follow the one before.
 *
 * @returns The statuses after `from`, the last being `to`; empty when there is no way, or none is needed
 */
export function planRoute(from: SandboxStatus, to: SandboxStatus): readonly SandboxStatus[] {
  const routes = new Map<SandboxStatus, readonly SandboxStatus[]>([[from, []]])
  // A map goes on to what is added while it is walked.
  for (const [status, route] of routes) {
    for (const next of LIFE[status] ?? []) {
      if (!routes.has(next)) routes.set(next, [...route, next])
    }
  }
  return routes.get(to) ?? []
}
