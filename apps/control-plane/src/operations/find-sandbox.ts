import { PlatformError, canDo, isSandboxId, type SandboxAction } from "@thaw/model"

import type { Context } from "../context.ts"
import { getSandbox } from "../db/queries/get-sandbox.ts"
import type { SandboxRecord } from "../db/sandbox-row.ts"

/** Reads a sandbox. Raises `not_found` for an unknown id, of whatever shape. */
export async function findSandbox(context: Context, id: string): Promise<SandboxRecord> {
  const sandbox = isSandboxId(id) ? await getSandbox(context.db, id) : undefined
  if (sandbox === undefined)
    throw new PlatformError("not_found", `sandbox "${id.slice(0, 64)}" does not exist`)
  return sandbox
}

/** Reads a sandbox that `action` is allowed for. Raises `not_found`, or `wrong_state` with its status. */
export async function findSandboxFor(
  context: Context,
  id: string,
  action: SandboxAction,
): Promise<SandboxRecord> {
  const sandbox = await findSandbox(context, id)
  if (canDo(action, sandbox.status)) return sandbox
  throw new PlatformError("wrong_state", `sandbox "${id}" is ${sandbox.status}`, {
    details: { status: sandbox.status },
  })
}
