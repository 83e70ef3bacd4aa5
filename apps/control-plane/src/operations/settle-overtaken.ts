import { PlatformError, type SandboxStatus } from "@thaw/model"

import type { Context } from "../context.ts"
import type { SandboxRecord } from "../db/sandbox-row.ts"
import { findSandbox } from "./find-sandbox.ts"

/**
 * Reads a sandbox that is no longer as an operation has left it, for example because it was deleted meanwhile.
 *
 * Raises `wrong_state` unless it is `wanted`, in which another control plane on the same database may have seen it.
 */
export async function settleOvertaken(
  context: Context,
  id: string,
  { wanted, during }: { readonly wanted: SandboxStatus; readonly during: SandboxStatus },
): Promise<SandboxRecord> {
  const current = await findSandbox(context, id)
  if (current.status === wanted) return current
  throw new PlatformError("wrong_state", `sandbox "${id}" became ${current.status} while it was ${during}`, {
    details: { status: current.status },
  })
}
