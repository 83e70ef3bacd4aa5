import type { SandboxRecord } from "../db/sandbox-row.ts"
import type { HostSandbox } from "../hosts/host-sandbox.ts"
import type { SyncAction, SyncState } from "./plan-sync.ts"

/** Activity that moves the end of a sandbox by less than this is not worth a write */
const EXPIRY_STEP_MS = 1_000

/**
 * Follows how long a running sandbox lives.
 *
 * A report of the host may be older than what a client has changed since, and its status does not tell. What activity does is to move
 * the end to a later time with the same timeout, so of a partial view only that is followed.
 */
export function planFollow(
  row: SandboxRecord,
  seen: HostSandbox,
  state: Pick<SyncState, "isComplete">,
): SyncAction | undefined {
  const isSame = row.timeoutSec === seen.timeoutSec && row.onTimeout === seen.onTimeout
  const laterMs = (seen.expiresAt?.getTime() ?? Infinity) - (row.expiresAt?.getTime() ?? Infinity)
  // Not a number when neither ever ends
  const isLater = laterMs >= EXPIRY_STEP_MS
  const isEarlier = laterMs <= -EXPIRY_STEP_MS
  const { timeoutSec, onTimeout, expiresAt } = seen
  const follow = { kind: "follow", row, lifetime: { timeoutSec, onTimeout, expiresAt } } as const
  if (state.isComplete) return isSame && !isLater && !isEarlier ? undefined : follow
  return isSame && isLater ? follow : undefined
}
