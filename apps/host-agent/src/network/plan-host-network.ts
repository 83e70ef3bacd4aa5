import { PlatformError } from "@thaw/model"

import { DENIED_DESTINATIONS } from "./denied-destinations.ts"
import { SLOT_DEVICE_GROUP } from "./plan-slot-network.ts"

const DATA_DIR_ID_PATTERN = /^[a-z0-9]{4,32}$/

export interface HostNetworkPlan {
  /** Name of the `inet` table; one for each data directory, so several host agents live side by side */
  readonly table: string
  readonly ruleset: string
}

/** Checks the short name of a data directory that owned things carry. Raises `invalid_argument`. */
export function parseDataDirId(text: string): string {
  if (DATA_DIR_ID_PATTERN.test(text)) return text
  throw new PlatformError(
    "invalid_argument",
    `data directory id must be 4 to 32 lower-case letters and digits, got "${text.slice(0, 64)}"`,
  )
}

/**
 * Plans the packet filter of the host: masquerade for the guests, and a second line of defence should the rules of a
 * namespace fail. It matches devices of slots only. Loading it replaces the table in one transaction.
 *
 * Two data directories load the same rules twice: a packet must pass both, and the first one masquerades.
 */
export function planHostNetwork(dataDirId: string): HostNetworkPlan {
  const table = `thaw-${parseDataDirId(dataDirId)}`
  const fromSlot = `iifgroup ${SLOT_DEVICE_GROUP}`
  const toSlot = `oifgroup ${SLOT_DEVICE_GROUP}`
  const ruleset = `table inet ${table}
delete table inet ${table}
table inet ${table} {
  set denied {
    type ipv4_addr
    flags interval
    elements = { ${DENIED_DESTINATIONS.join(", ")} }
  }
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    ${fromSlot} meta nfproto ipv6 drop
    ${fromSlot} ip saddr != { 10.11.0.0/16, 10.12.0.0/16 } drop
  }
  chain input {
    type filter hook input priority filter; policy accept;
    ${fromSlot} ct state established,related ct direction reply accept
    ${fromSlot} drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ${fromSlot} ${toSlot} drop
    ${fromSlot} ip saddr != 10.12.0.0/16 drop
    ${fromSlot} ip daddr @denied drop
    ${toSlot} ct state established,related accept
    ${toSlot} drop
    ${fromSlot} tcp flags syn tcp option maxseg size set rt mtu
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ${fromSlot} ip saddr 10.12.0.0/16 masquerade
  }
}
`
  return { table, ruleset }
}
