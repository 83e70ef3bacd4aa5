import { z } from "zod"

import { ok, warn } from "./finding.ts"
import { tryRun } from "./try-run.ts"

/** Output of `nft -j list chains`, libnftables-json(5); of its objects, chains that are hooked into the kernel have all of these */
const Chain = z.object({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  hook: z.string(),
  policy: z.string(),
})
const Chains = z.object({ nftables: z.array(z.object({ chain: z.unknown().optional() })) })

/** Families that IPv4 packets pass */
const FAMILIES: ReadonlySet<string> = new Set(["ip", "inet"])

/** What the host's own firewall does to packets that are not for it: all of those of sandboxes */
export async function checkForwarding() {
  const chains = await tryRun(["nft", "-j", "list", "chains"])
  if (!chains.ok) return warn("nft cannot list the chains of the packet filter", "see nftables")
  const dropping = findDroppingChains(chains.text)
  if (dropping.length === 0) return ok("no chain drops forwarded packets by policy")
  return warn(
    `policy drop in ${dropping.join(", ")}: sandboxes have no internet unless a rule there accepts them`,
    "iptables -I FORWARD -s 10.12.0.0/16 -j ACCEPT; iptables -I FORWARD -d 10.12.0.0/16 -j ACCEPT",
  )
}

/** Names the chains that drop each forwarded IPv4 packet that no rule of theirs accepts */
export function findDroppingChains(json: string): string[] {
  return Chains.parse(JSON.parse(json)).nftables.flatMap((object) => {
    const { success, data: chain } = Chain.safeParse(object.chain)
    const drops = success && FAMILIES.has(chain.family) && chain.hook === "forward" && chain.policy === "drop"
    return drops ? [`${chain.family} ${chain.table} ${chain.name}`] : []
  })
}
