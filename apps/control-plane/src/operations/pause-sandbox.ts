import { PlatformError } from "@thaw/model"

import type { Context } from "../context.ts"
import { setSandboxStatus } from "../db/queries/set-sandbox-status.ts"
import type { SandboxRecord } from "../db/sandbox-row.ts"
import type { HostSandbox } from "../hosts/host-sandbox.ts"
import { RPC_TIMEOUTS_MS } from "../hosts/rpc-timeouts.ts"
import { beginAction } from "./begin-action.ts"
import { findSandbox } from "./find-sandbox.ts"
import { isOutcomeUnknown } from "./is-outcome-unknown.ts"
import { readAnswer } from "./read-answer.ts"
import { recordOutcome } from "./record-outcome.ts"
import { settleOvertaken } from "./settle-overtaken.ts"

const OVERTAKEN = { wanted: "paused", during: "pausing" } as const

/**
 * Freezes a running sandbox to disk: row `pausing` → host agent → `paused`. A failure leaves it running.
 *
 * Goes on to its end whether or not anyone still waits for the result. When the outcome stays unknown, as when this process ends
 * meanwhile, the row stays `pausing` and the sync settles it by what the host then says.
 */
export async function pauseSandbox(context: Context, id: string): Promise<SandboxRecord> {
  const sandbox = await findSandbox(context, id)
  return await context.inFlight.run(sandbox.id, async () => {
    const { begun } = await beginAction(context, sandbox.id, { action: "pause", to: "pausing" })
    const { pause, changedAt } = await pauseOnHost(context, begun)
    const change = { to: "paused", expiresAt: null, pause, hostChangedAt: changedAt } as const
    const paused = await recordOutcome(context, begun.id, () => setSandboxStatus(context.db, begun, change))
    return paused ?? (await settleOvertaken(context, begun.id, OVERTAKEN))
  })
}

async function pauseOnHost(context: Context, begun: SandboxRecord): Promise<HostSandbox> {
  const answer = await context.host.client
    .pauseSandbox(
      { sandboxId: begun.id },
      { timeoutMs: RPC_TIMEOUTS_MS.pauseSandbox, signal: context.closing },
    )
    .catch(async (thrown: unknown) => {
      const error = PlatformError.from(thrown)
      if (!isOutcomeUnknown(context, error)) await recordFailure(context, begun)
      throw error
    })
  return readAnswer(answer, ["paused"])
}

/** Raises `wrong_state` when the sandbox was deleted meanwhile, which says more than why it could not be paused */
async function recordFailure(context: Context, begun: SandboxRecord): Promise<void> {
  const change = { to: "running" } as const
  const running = await recordOutcome(context, begun.id, () => setSandboxStatus(context.db, begun, change))
  if (running === undefined) await settleOvertaken(context, begun.id, { ...OVERTAKEN, wanted: "running" })
}
