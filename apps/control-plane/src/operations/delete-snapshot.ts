import { PlatformError } from "@thaw/model"

import type { Context } from "../context.ts"
import { deleteTemplates } from "../db/queries/templates.ts"
import { RPC_TIMEOUTS_MS } from "../hosts/rpc-timeouts.ts"
import { findTemplate } from "./find-template.ts"
import { recordOutcome } from "./record-outcome.ts"

/**
 * Deletes a snapshot template. Sandboxes that were made from it go on.
 *
 * Raises `wrong_state` for a base template, and while a snapshot of that name is being made or deleted.
 */
export async function deleteSnapshot(context: Context, name: string): Promise<void> {
  const { type } = await findTemplate(context, name)
  if (type === "base") {
    throw new PlatformError("wrong_state", `template "${name}" is a base template, not a snapshot`)
  }
  using _name = context.names.acquire(name)
  try {
    await context.host.client.deleteSnapshot(
      { name },
      { timeoutMs: RPC_TIMEOUTS_MS.deleteSnapshot, signal: context.closing },
    )
  } catch (error) {
    // Gone already
    if (!(error instanceof PlatformError) || error.code !== "not_found") throw error
  }
  await recordOutcome(context, name, () => deleteTemplates(context.db, [name]))
}
