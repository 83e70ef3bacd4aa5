import { deleteNftTable, loadNftRuleset, readSysctl, writeSysctl, type Run, type Sysctl } from "@thaw/linux"

import { planHostNetwork } from "./plan-host-network.ts"

const COMMAND_TIMEOUT_MS = 10_000
const IP_FORWARD = "net.ipv4.ip_forward"

export interface HostNetworkOptions {
  /** Short name of the data directory; part of the table's name */
  readonly dataDirId: string
  readonly signal?: AbortSignal
  readonly run?: Run
  readonly readSysctl?: (name: string) => Promise<string>
  readonly writeSysctl?: (sysctl: Sysctl) => Promise<void>
}

/** Owner of this host agent's packet filter table */
export interface HostNetwork extends AsyncDisposable {
  readonly table: string
  /** Removes the table; only for when no sandbox is left. May be called again. */
  close(): Promise<void>
}

/**
 * Loads the host's packet filter and lets the host forward IPv4. Both may be there already from an earlier process.
 *
 * Forwarding stays on when this ends: others on the machine may have come to rely on it, and nothing tells who did.
 */
export async function openHostNetwork(options: HostNetworkOptions): Promise<HostNetwork> {
  const { table, ruleset } = planHostNetwork(options.dataDirId)
  const run = options.run !== undefined && { run: options.run }
  if ((await (options.readSysctl ?? readSysctl)(IP_FORWARD)) !== "1") {
    await (options.writeSysctl ?? writeSysctl)({ name: IP_FORWARD, value: "1" })
  }
  // The last step, one transaction: there is nothing to undo, and a table that running sandboxes need is never lost.
  await loadNftRuleset(ruleset, {
    timeoutMs: COMMAND_TIMEOUT_MS,
    ...run,
    ...(options.signal !== undefined && { signal: options.signal }),
  })
  const close = () =>
    deleteNftTable({ family: "inet", name: table }, { timeoutMs: COMMAND_TIMEOUT_MS, ...run })
  return { table, close, [Symbol.asyncDispose]: close }
}
