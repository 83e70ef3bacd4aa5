import { isSandboxId, type SandboxStatus } from "@thaw/model"

import { getSandbox } from "../db/queries/get-sandbox.ts"
import { listEndedSandboxes, listLiveSandboxes } from "../db/queries/list-for-sync.ts"
import type { SandboxRecord } from "../db/sandbox-row.ts"
import { toHostSandbox, type HostSandbox } from "../hosts/host-sandbox.ts"
import { OPERATION_MS_MAX, RPC_TIMEOUTS_MS } from "../hosts/rpc-timeouts.ts"
import { applySync, type SyncTarget } from "./apply-sync.ts"
import { planSync } from "./plan-sync.ts"

/** Compares every sandbox with what the host has. Raises when the host cannot be asked; then nothing is changed. */
export async function syncAll(target: SyncTarget): Promise<void> {
  const { context } = target
  // The rows first: what is running by then is on the host when it is asked.
  const live = await listLiveSandboxes(context.db, context.host.id)
  const response = await context.host.client.listSandboxes(
    {},
    { timeoutMs: RPC_TIMEOUTS_MS.list, signal: context.closing },
  )
  const seen = response.sandboxes.map(toHostSandbox).filter((sandbox) => sandbox !== undefined)
  const hostSandboxes = new Map(seen.map((sandbox) => [sandbox.id, sandbox]))
  const ended = await listEndedSandboxes(context.db, [...hostSandboxes.keys()])
  const rows = [...live, ...ended]
  await applySync(
    target,
    planSync({ rows, hostSandboxes, isComplete: true, ...(await readState(target, rows)) }),
  )
}

/**
 * Compares one sandbox with what the host last said about it.
 *
 * @returns Whether that did not tell what became of a pause or resume that was interrupted, so that the host has to be asked
 */
export async function syncOne(target: SyncTarget, seen: HostSandbox): Promise<boolean> {
  const { context } = target
  const row = isSandboxId(seen.id) ? await getSandbox(context.db, seen.id) : undefined
  if (row === undefined) return false
  const hostSandboxes = new Map([[seen.id, seen]])
  const rows = [row]
  const state = await readState(target, rows)
  const actions = planSync({ rows, hostSandboxes, isComplete: false, ...state })
  await applySync(target, actions)
  return actions.length === 0 && isMoving(row.status) && !isMoving(seen.status) && !state.isInFlight(row.id)
}

/** @param rows Read before: what another process has begun is among them only if it was there by then */
async function readState({ context, destroys }: SyncTarget, rows: readonly SandboxRecord[]) {
  const now = new Date()
  const isInFlight = (id: string) => context.inFlight.has(id) || destroys.has(id)
  const isAnyOnItsWay = rows.some(({ id, status }) => isOnItsWay(status) && !isInFlight(id))
  const isAlone = isAnyOnItsWay && (await context.presence.isAlone())
  // An operation that is not of this process is of one that is gone, or of one that may still be at it.
  return { isInFlight, interruptedBefore: isAlone ? now : new Date(now.getTime() - OPERATION_MS_MAX), now }
}

function isMoving(status: SandboxStatus): boolean {
  return status === "pausing" || status === "resuming"
}

/** Whether a sandbox in `status` is so for as long as an operation takes */
function isOnItsWay(status: SandboxStatus): boolean {
  return status === "pending" || status === "starting" || isMoving(status)
}
