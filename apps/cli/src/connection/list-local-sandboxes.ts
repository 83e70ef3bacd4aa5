import { readdir } from "node:fs/promises"

import { hostPaths } from "@thaw/host-agent"
import { isSandboxId } from "@thaw/model"

/** Ids of the sandboxes that have a directory on this host, whether or not the platform runs */
export async function listLocalSandboxes(dataDir: string): Promise<string[]> {
  const names = await readdir(hostPaths(dataDir).sandboxesDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return []
    throw error
  })
  return names.filter(isSandboxId)
}
