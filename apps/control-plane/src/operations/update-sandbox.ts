import type { UpdateSandboxRequest } from "@thaw/api"
import { PlatformError, type SandboxId, type SandboxStatus } from "@thaw/model"

import type { Context } from "../context.ts"
import { setLifetime } from "../db/queries/set-lifetime.ts"
import { setMetadata } from "../db/queries/set-metadata.ts"
import type { SandboxRecord } from "../db/sandbox-row.ts"
import { RPC_TIMEOUTS_MS } from "../hosts/rpc-timeouts.ts"
import { findSandbox, findSandboxFor } from "./find-sandbox.ts"
import { readAnswer } from "./read-answer.ts"
import { recordOutcome } from "./record-outcome.ts"

/** How often someone else may change the row in between */
const ATTEMPTS_MAX = 5
/** Those that a sandbox may have when the host has just changed how long it lives */
const LIVING: readonly SandboxStatus[] = ["running", "pausing", "paused", "resuming"]

/**
 * Changes how long a sandbox lives, on its host first, and its metadata, which only the database has.
 *
 * Raises `wrong_state` when the lifetime is to change and the sandbox is neither running nor paused; then nothing is changed.
 */
export async function updateSandbox(
  context: Context,
  id: string,
  request: UpdateSandboxRequest,
): Promise<SandboxRecord> {
  const sandbox = await findSandbox(context, id)
  const hasLifetime = request.timeout_sec !== undefined || request.on_timeout !== undefined
  const changed = hasLifetime ? await updateLifetime(context, sandbox.id, request) : sandbox
  if (request.metadata === undefined) return changed
  return (await setMetadata(context.db, sandbox.id, request.metadata)) ?? changed
}

async function updateLifetime(
  context: Context,
  id: SandboxId,
  request: UpdateSandboxRequest,
): Promise<SandboxRecord> {
  // One after the other, so that what the host was told last is what the database has.
  return await context.turns.take(`lifetime of ${id}`, async () => {
    return await context.inFlight.run(id, async () => {
      const sandbox = await findSandboxFor(context, id, "update")
      const answer = await context.host.client.updateSandbox(
        {
          sandboxId: id,
          ...(request.timeout_sec === undefined ? {} : { timeoutSec: request.timeout_sec }),
          ...(request.on_timeout === undefined ? {} : { onTimeout: request.on_timeout }),
        },
        { timeoutMs: RPC_TIMEOUTS_MS.updateSandbox, signal: context.closing },
      )
      const lifetime = readAnswer(answer, LIVING)
      return await recordOutcome(context, id, () => recordLifetime(context, sandbox, lifetime))
    })
  })
}

async function recordLifetime(
  context: Context,
  sandbox: SandboxRecord,
  lifetime: Parameters<typeof setLifetime>[2],
): Promise<SandboxRecord> {
  let current = sandbox
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (!LIVING.includes(current.status)) {
      throw new PlatformError("wrong_state", `sandbox "${current.id}" became ${current.status} meanwhile`, {
        details: { status: current.status },
      })
    }
    const { timeoutSec, onTimeout } = lifetime
    // A paused sandbox does not age.
    const expiresAt = current.status === "paused" ? undefined : lifetime.expiresAt
    const changed = await setLifetime(context.db, current, { timeoutSec, onTimeout, expiresAt })
    if (changed !== undefined) return changed
    current = await findSandbox(context, current.id)
  }
  throw new PlatformError("unavailable", `sandbox "${sandbox.id}" changes too fast to be updated; try again`)
}
