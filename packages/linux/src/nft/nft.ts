import { NetworkCommandError } from "../netns/network-command-error.ts"
import { netnsExecArgv } from "../netns/netns.ts"
import { runNetworkCommand, type NetworkCommandOptions } from "../netns/run-network-command.ts"

export interface NftOptions extends NetworkCommandOptions {
  /** Named network namespace the rules belong to; without it, that of this process */
  readonly namespace?: string
}

export interface NftTable {
  readonly family: "inet" | "ip" | "ip6" | "arp" | "bridge" | "netdev"
  readonly name: string
}

/**
 * Loads a ruleset in one transaction: all of it holds, or nothing has changed.
 *
 * @throws {NetworkCommandError} when the kernel or the parser refuses it
 */
export async function loadNftRuleset(ruleset: string, options: NftOptions): Promise<void> {
  await runNetworkCommand(
    { action: "load packet filter rules", argv: inNamespace(["nft", "-f", "-"], options), input: ruleset },
    options,
  )
}

/** Removes a table with all that is in it; one that is gone already is fine */
export async function deleteNftTable(table: NftTable, options: NftOptions): Promise<void> {
  try {
    await runNetworkCommand(
      {
        action: `delete packet filter table "${table.family} ${table.name}"`,
        argv: inNamespace(["nft", "delete", "table", table.family, table.name], options),
      },
      options,
    )
  } catch (error) {
    if (!(error instanceof NetworkCommandError) || error.errno !== "ENOENT") throw error
  }
}

/** Lists the tables of all families */
export async function listNftTables(options: NftOptions): Promise<NftTable[]> {
  const stdout = await runNetworkCommand(
    { action: "list packet filter tables", argv: inNamespace(["nft", "list", "tables"], options) },
    options,
  )
  return parseNftTables(stdout)
}

/** Reads the lines `table <family> <name>` that `nft list tables` prints */
export function parseNftTables(stdout: string): NftTable[] {
  return Array.from(stdout.matchAll(/^table (\S+) (\S+)$/gm), ([, family, name]) => ({
    family: family as NftTable["family"],
    name: name ?? "",
  }))
}

function inNamespace(
  argv: readonly [string, ...string[]],
  options: NftOptions,
): readonly [string, ...string[]] {
  return options.namespace === undefined ? argv : netnsExecArgv(options.namespace, argv)
}
