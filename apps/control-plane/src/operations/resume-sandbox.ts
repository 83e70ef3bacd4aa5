import { PlatformError } from "@thaw/model"

import type { Context } from "../context.ts"
import { setSandboxStatus } from "../db/queries/set-sandbox-status.ts"
import type { SandboxRecord } from "../db/sandbox-row.ts"
import type { HostSandbox } from "../hosts/host-sandbox.ts"
import { RPC_TIMEOUTS_MS } from "../hosts/rpc-timeouts.ts"
import { beginAction, type BegunAction } from "./begin-action.ts"
import { findSandbox } from "./find-sandbox.ts"
import { isOutcomeUnknown } from "./is-outcome-unknown.ts"
import { readAnswer } from "./read-answer.ts"
import { recordOutcome } from "./record-outcome.ts"
import { settleOvertaken } from "./settle-overtaken.ts"

const OVERTAKEN = { wanted: "running", during: "resuming" } as const

/**
 * Restores a paused sandbox: row `resuming` → host agent → `running`. Its time starts anew. A failure leaves it paused.
 *
 * Goes on to its end whether or not anyone still waits for the result. When the outcome stays unknown, as when this process ends
 * meanwhile, the row stays `resuming` and the sync settles it by what the host then says.
 */
export async function resumeSandbox(context: Context, id: string): Promise<SandboxRecord> {
  const sandbox = await findSandbox(context, id)
  return await context.inFlight.run(sandbox.id, async () => {
    const action = await beginAction(context, sandbox.id, { action: "resume", to: "resuming" })
    const { begun } = action
    const { expiresAt, changedAt } = await resumeOnHost(context, action)
    const times = { startedAt: new Date(), expiresAt: expiresAt ?? null, hostChangedAt: changedAt }
    const change = { to: "running", ...times } as const
    const running = await recordOutcome(context, begun.id, () => setSandboxStatus(context.db, begun, change))
    return running ?? (await settleOvertaken(context, begun.id, OVERTAKEN))
  })
}

async function resumeOnHost(context: Context, action: BegunAction): Promise<HostSandbox> {
  const answer = await context.host.client
    .resumeSandbox(
      { sandboxId: action.begun.id },
      { timeoutMs: RPC_TIMEOUTS_MS.resumeSandbox, signal: context.closing },
    )
    .catch(async (thrown: unknown) => {
      const error = PlatformError.from(thrown)
      if (!isOutcomeUnknown(context, error)) await recordFailure(context, action)
      throw error
    })
  return readAnswer(answer, ["running"])
}

/** Raises `wrong_state` when the sandbox was deleted meanwhile, which says more than why it could not be resumed */
async function recordFailure(context: Context, { before, begun }: BegunAction): Promise<void> {
  const change = { to: "paused", reason: before.reason } as const
  const paused = await recordOutcome(context, begun.id, () => setSandboxStatus(context.db, begun, change))
  if (paused === undefined) await settleOvertaken(context, begun.id, { ...OVERTAKEN, wanted: "paused" })
}
