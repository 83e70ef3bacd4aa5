import { isFinal, PlatformError } from "@thaw/model"

import type { Context } from "../context.ts"
import { setSandboxStatus } from "../db/queries/set-sandbox-status.ts"
import type { SandboxRecord } from "../db/sandbox-row.ts"
import { destroyOnHost } from "./destroy-on-host.ts"
import { findSandbox } from "./find-sandbox.ts"

/** How often someone else may change the row in between */
const ATTEMPTS_MAX = 5

/**
 * Ends a sandbox: row `stopping` → host agent → `stopped`. A sandbox that is `stopped` already is fine.
 *
 * When the host agent fails or is not there, the row stays `stopping`, which is the truth, and the sync ends the sandbox later.
 */
export async function destroySandbox(context: Context, id: string): Promise<void> {
  const sandbox = await findSandbox(context, id)
  await context.inFlight.run(sandbox.id, async () => {
    const stopping = await recordStopping(context, sandbox)
    if (stopping !== undefined) await finishDestroy(context, stopping)
  })
}

/** Ends on the host what is `stopping` in the database */
export async function finishDestroy(context: Context, stopping: SandboxRecord): Promise<void> {
  await destroyOnHost(context, stopping.id)
  // Overtaken means that another delete, or the sync, has seen it stopped.
  await setSandboxStatus(context.db, stopping, { to: "stopped", reason: "deleted" })
}

/** The row as `stopping`; undefined when the sandbox is stopped */
async function recordStopping(context: Context, sandbox: SandboxRecord): Promise<SandboxRecord | undefined> {
  let current = sandbox
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (isFinal(current.status)) return undefined
    if (current.status === "stopping") return current
    const stopping = await setSandboxStatus(context.db, current, { to: "stopping" })
    if (stopping !== undefined) return stopping
    current = await findSandbox(context, sandbox.id)
  }
  throw new PlatformError("unavailable", `sandbox "${sandbox.id}" changes too fast to be deleted; try again`)
}
