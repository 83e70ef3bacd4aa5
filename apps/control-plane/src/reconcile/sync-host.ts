import { isSandboxId } from "@thaw/model"

import type { Context } from "../context.ts"
import { getSandbox } from "../db/queries/get-sandbox.ts"
import { listEndedSandboxes, listLiveSandboxes } from "../db/queries/list-for-sync.ts"
import { toHostSandbox, type HostSandbox } from "../hosts/host-sandbox.ts"
import { RPC_TIMEOUTS_MS } from "../hosts/rpc-timeouts.ts"
import { applySync } from "./apply-sync.ts"
import { planSync } from "./plan-sync.ts"

/** A create of another process on the same database takes no longer than this */
const CREATE_MS_MAX = RPC_TIMEOUTS_MS.createSandbox + 30_000

export interface SyncOptions {
  /** When this process started: creates of the one before it were interrupted */
  readonly startedAt: Date
}

/** Compares every sandbox with what the host has. Raises when the host cannot be asked; then nothing is changed. */
export async function syncAll(context: Context, options: SyncOptions): Promise<void> {
  // The rows first: what is running by then is on the host when it is asked.
  const live = await listLiveSandboxes(context.db, context.host.id)
  const response = await context.host.client.listSandboxes({}, { timeoutMs: RPC_TIMEOUTS_MS.list })
  const seen = response.sandboxes.map(toHostSandbox).filter((sandbox) => sandbox !== undefined)
  const hostSandboxes = new Map(seen.map((sandbox) => [sandbox.id, sandbox]))
  const ended = await listEndedSandboxes(context.db, [...hostSandboxes.keys()])
  await applySync(
    context,
    planSync({ rows: [...live, ...ended], hostSandboxes, isComplete: true, ...timing(context, options) }),
  )
}

/** Compares one sandbox with what the host last said about it */
export async function syncOne(context: Context, seen: HostSandbox, options: SyncOptions): Promise<void> {
  const row = isSandboxId(seen.id) ? await getSandbox(context.db, seen.id) : undefined
  if (row === undefined) return
  const hostSandboxes = new Map([[seen.id, seen]])
  await applySync(
    context,
    planSync({ rows: [row], hostSandboxes, isComplete: false, ...timing(context, options) }),
  )
}

function timing(context: Context, options: SyncOptions) {
  const now = new Date()
  const overdue = new Date(now.getTime() - CREATE_MS_MAX)
  return {
    isInFlight: (id: string) => context.inFlight.has(id),
    interruptedBefore: options.startedAt > overdue ? options.startedAt : overdue,
    now,
  }
}
