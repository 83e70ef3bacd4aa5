import { readdir } from "node:fs/promises"

import { NetworkCommandError } from "./network-command-error.ts"
import { runNetworkCommand, type NetworkCommandOptions } from "./run-network-command.ts"

/** Where ip-netns(8) keeps the names of namespaces */
export const NETNS_DIR = "/run/netns"

/**
 * Makes a named network namespace.
 *
 * @throws {NetworkCommandError} `EEXIST` when the name is taken
 */
export async function addNetns(name: string, options: NetworkCommandOptions): Promise<void> {
  await runNetworkCommand({ action: `add namespace "${name}"`, argv: ["ip", "netns", "add", name] }, options)
}

/** Removes a named network namespace; one that is gone already is fine. The kernel keeps it while processes live in it. */
export async function deleteNetns(name: string, options: NetworkCommandOptions): Promise<void> {
  try {
    await runNetworkCommand(
      { action: `delete namespace "${name}"`, argv: ["ip", "netns", "delete", name] },
      options,
    )
  } catch (error) {
    if (!(error instanceof NetworkCommandError) || error.errno !== "ENOENT") throw error
  }
}

/** Lists the names of all network namespaces */
export async function listNetns(): Promise<string[]> {
  try {
    return (await readdir(NETNS_DIR)).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return []
    throw error
  }
}

/** The argv that runs a command inside a named network namespace */
export function netnsExecArgv(
  name: string,
  argv: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  return ["ip", "netns", "exec", name, ...argv]
}
