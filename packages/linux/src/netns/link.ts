import { readdir } from "node:fs/promises"

import { NetworkCommandError } from "./network-command-error.ts"
import { runNetworkCommand, type NetworkCommandOptions } from "./run-network-command.ts"

const LINKS_DIR = "/sys/class/net"

/** Removes a network device of this process's namespace; one that is gone already is fine */
export async function deleteLink(name: string, options: NetworkCommandOptions): Promise<void> {
  try {
    await runNetworkCommand(
      { action: `delete link "${name}"`, argv: ["ip", "link", "delete", "dev", name] },
      options,
    )
  } catch (error) {
    if (!(error instanceof NetworkCommandError) || error.errno !== "ENODEV") throw error
  }
}

/** Lists the names of the network devices of this process's namespace */
export async function listLinks(): Promise<string[]> {
  return (await readdir(LINKS_DIR)).sort()
}
