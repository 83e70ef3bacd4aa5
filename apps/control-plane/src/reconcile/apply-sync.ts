import type { Context } from "../context.ts"
import { followLifetime } from "../db/queries/set-lifetime.ts"
import { setSandboxStatus } from "../db/queries/set-sandbox-status.ts"
import { destroyOnHost } from "../operations/destroy-on-host.ts"
import { finishDestroy } from "../operations/destroy-sandbox.ts"
import type { HostDestroys } from "./host-destroys.ts"
import type { SyncAction } from "./plan-sync.ts"

export interface SyncTarget {
  readonly context: Context
  /** Takes over what the host is asked for */
  readonly destroys: HostDestroys
}

/** Carries out a plan, but for what the host is asked for, which goes on beside it. A row that has changed since it was read is left for the next round. */
export async function applySync(target: SyncTarget, actions: readonly SyncAction[]): Promise<void> {
  for (const action of actions) {
    if (target.context.closing.aborted) return
    await attempt(target, action, () => applyOne(target, action))
  }
}

/** One sandbox that cannot be settled now must not keep the others from it; the next round tries again */
async function attempt(
  { context }: SyncTarget,
  { kind, row }: SyncAction,
  apply: () => Promise<void>,
): Promise<void> {
  try {
    await apply()
  } catch (error) {
    if (context.closing.aborted) return
    context.log.warn({ err: error, sandbox: row.id, action: kind }, "a sync action failed")
  }
}

async function applyOne(target: SyncTarget, action: SyncAction): Promise<void> {
  const { context, destroys } = target
  const { row } = action
  if (context.inFlight.has(row.id)) return
  const startDestroy = (destroy: () => Promise<void>) =>
    destroys.start(row.id, () => attempt(target, action, destroy))
  switch (action.kind) {
    case "settle": {
      if ((await settle(context, action)) && action.acknowledge === true) {
        startDestroy(() => destroyOnHost(context, row.id))
      }
      return
    }
    case "follow":
      return await followLifetime(context.db, row, action.lifetime)
    case "finish-destroy":
      return startDestroy(() => finishDestroy(context, row))
    case "remove-leftover":
      return startDestroy(() => destroyOnHost(context, row.id))
  }
}

/** @returns Whether the row was as it had been read */
async function settle(
  context: Context,
  action: Extract<SyncAction, { readonly kind: "settle" }>,
): Promise<boolean> {
  let row = action.row
  for (const to of action.route) {
    const isStart = to === "running" && (row.status === "starting" || row.status === "resuming")
    const settled = await setSandboxStatus(context.db, row, {
      to,
      reason: action.reason,
      startedAt: isStart ? new Date() : undefined,
      expiresAt: action.expiresAt,
      lifetime: action.lifetime,
      pause: action.pause,
      hostChangedAt: action.hostChangedAt,
    })
    if (settled === undefined) return false
    row = settled
  }
  context.log.info(
    { sandbox: row.id, from: action.row.status, to: row.status, reason: row.reason },
    "a sandbox was settled by what its host says",
  )
  return true
}
