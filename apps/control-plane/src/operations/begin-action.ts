import { PlatformError, type SandboxAction, type SandboxStatus } from "@thaw/model"

import type { Context } from "../context.ts"
import { setSandboxStatus } from "../db/queries/set-sandbox-status.ts"
import type { SandboxRecord } from "../db/sandbox-row.ts"
import { findSandboxFor } from "./find-sandbox.ts"

/** How often someone else may change the row in between */
const ATTEMPTS_MAX = 5

/** A sandbox before an action on it, and in the status in which that is under way */
export interface BegunAction {
  readonly before: SandboxRecord
  readonly begun: SandboxRecord
}

/**
 * Takes a sandbox into the status in which an action is under way: of those who try at once, one succeeds.
 *
 * Raises `not_found`, or `wrong_state` with the status when the action is not allowed, as for those who came too late.
 */
export async function beginAction(
  context: Context,
  id: string,
  { action, to }: { readonly action: SandboxAction; readonly to: SandboxStatus },
): Promise<BegunAction> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const before = await findSandboxFor(context, id, action)
    const begun = await setSandboxStatus(context.db, before, { to })
    if (begun !== undefined) return { before, begun }
  }
  throw new PlatformError("unavailable", `sandbox "${id}" changes too fast to be ${to}; try again`)
}
