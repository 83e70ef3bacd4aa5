import type { Context } from "../context.ts"
import { setSandboxStatus } from "../db/queries/set-sandbox-status.ts"
import { destroyOnHost } from "../operations/destroy-on-host.ts"
import { finishDestroy } from "../operations/destroy-sandbox.ts"
import type { SyncAction } from "./plan-sync.ts"

/** Carries out a plan. A row that has changed since it was read is left for the next round. */
export async function applySync(context: Context, actions: readonly SyncAction[]): Promise<void> {
  for (const action of actions) {
    try {
      await applyOne(context, action)
    } catch (error) {
      // One sandbox that cannot be settled now must not keep the others from it; the next round tries again.
      context.log.warn({ err: error, sandbox: action.row.id, action: action.kind }, "a sync action failed")
    }
  }
}

async function applyOne(context: Context, action: SyncAction): Promise<void> {
  const { row } = action
  if (context.inFlight.has(row.id)) return
  switch (action.kind) {
    case "settle": {
      const settled = await setSandboxStatus(context.db, row, {
        to: action.to,
        reason: action.reason,
        startedAt: action.to === "running" ? new Date() : undefined,
        expiresAt: action.expiresAt,
      })
      if (settled === undefined) return
      context.log.info(
        { sandbox: row.id, from: row.status, to: action.to, reason: action.reason },
        "a sandbox was settled by what its host says",
      )
      if (action.acknowledge === true) await destroyOnHost(context, row.id)
      return
    }
    case "finish-destroy":
      return await finishDestroy(context, row)
    case "remove-leftover":
      return await destroyOnHost(context, row.id)
  }
}
