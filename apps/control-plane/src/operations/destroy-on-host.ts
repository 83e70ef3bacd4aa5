import { PlatformError } from "@thaw/model"

import type { Context } from "../context.ts"
import { RPC_TIMEOUTS_MS } from "../hosts/rpc-timeouts.ts"

/** Ends a sandbox on its host; one that the host does not know is ended already */
export async function destroyOnHost(context: Context, sandboxId: string): Promise<void> {
  try {
    await context.host.client.destroySandbox(
      { sandboxId },
      { timeoutMs: RPC_TIMEOUTS_MS.destroySandbox, signal: context.closing },
    )
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== "not_found") throw error
  }
}
