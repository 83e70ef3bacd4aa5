import { readFile } from "node:fs/promises"
import { join } from "node:path"

import { openHostAgentClient, type HostAgentClient } from "@thaw/rpc"

import type { TestPlatform } from "./_platform.ts"

/** A client of the platform's host agent, as the control plane has one */
export async function hostAgentOf(platform: TestPlatform): Promise<HostAgentClient> {
  const token = (await readFile(join(platform.dataDir, "secrets/host-agent-token"), "utf8")).trim()
  return openHostAgentClient({ baseUrl: platform.hostAgentUrl, token })
}
