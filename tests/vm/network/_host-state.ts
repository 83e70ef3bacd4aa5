import { readdir } from "node:fs/promises"

import { listLinks, listNetns, run } from "@thaw/linux"

/** All that the network of a sandbox could leave on a host */
export async function readHostState(claimsDir: string): Promise<Record<string, unknown>> {
  const options = { timeoutMs: 10_000 }
  return {
    namespaces: await listNetns(),
    links: await listLinks(),
    addresses: (await run(["ip", "-o", "address"], options)).stdout,
    routes: (await run(["ip", "route", "show", "table", "all"], options)).stdout,
    ruleset: (await run(["nft", "list", "ruleset"], options)).stdout,
    claims: (await readdir(claimsDir)).sort(),
  }
}
