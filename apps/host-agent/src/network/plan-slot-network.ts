import type { Sysctl } from "@thaw/linux"

import { DENIED_DESTINATIONS } from "./denied-destinations.ts"
import { GUEST_LINK, type SlotAddresses } from "./slot-addresses.ts"

/**
 * Device group of the host's end of every slot ("thaw" in ASCII). The host's rules match it instead of a name
 * pattern, so they can never catch a device that is not ours.
 */
export const SLOT_DEVICE_GROUP = 0x74686177

/** Connections a guest may hold at once: the host's table of them is shared by all sandboxes */
export const GUEST_CONNECTIONS_MAX = 4096

/** All that makes up the network of one slot, in the order it is applied after the namespace exists */
export interface SlotNetworkPlan {
  readonly namespace: string
  readonly namespaceSysctls: readonly Sysctl[]
  /** Loaded before any device exists in the namespace, so nothing is ever open */
  readonly namespaceRuleset: string
  /** `ip -batch` lines on the host; the first one makes the veth pair */
  readonly hostLinks: readonly [string, ...string[]]
  /** `ip -batch` lines in the namespace */
  readonly namespaceLinks: readonly string[]
}

/** Plans the network of one slot */
export function planSlotNetwork(addresses: SlotAddresses): SlotNetworkPlan {
  const { namespace, hostVeth, hostAddress, peerAddress, hostReachableIp, vmmUid } = addresses
  const { tap, uplink, gatewayAddress, gatewayMac, guestAddress, guestMac, prefixLength } = GUEST_LINK
  return {
    namespace,
    namespaceSysctls: [
      { name: "net.ipv4.ip_forward", value: "1" },
      { name: "net.ipv6.conf.all.disable_ipv6", value: "1" },
      { name: "net.ipv6.conf.default.disable_ipv6", value: "1" },
      // Answers ARP only for the address of the device that was asked: the guest learns of no other.
      { name: "net.ipv4.conf.all.arp_ignore", value: "1" },
    ],
    namespaceRuleset: planNamespaceRuleset(addresses),
    hostLinks: [
      `link add name ${hostVeth} group ${SLOT_DEVICE_GROUP} type veth peer name ${uplink} netns ${namespace}`,
      `link set dev ${hostVeth} addrgenmode none`,
      `address add ${hostAddress}/31 dev ${hostVeth}`,
      `link set dev ${hostVeth} up`,
      `route add ${hostReachableIp}/32 via ${peerAddress} dev ${hostVeth} src ${hostAddress}`,
    ],
    namespaceLinks: [
      "link set dev lo up",
      `address add ${peerAddress}/31 dev ${uplink}`,
      `link set dev ${uplink} up`,
      `route add default via ${hostAddress}`,
      `tuntap add dev ${tap} mode tap user ${vmmUid}`,
      `link set dev ${tap} address ${gatewayMac}`,
      `address add ${gatewayAddress}/${prefixLength} dev ${tap}`,
      // A fixed entry: the guest cannot claim another's hardware address, and a restored one is not asked for its own.
      `neighbour add ${guestAddress} lladdr ${guestMac} dev ${tap} nud permanent`,
      `link set dev ${tap} up`,
    ],
  }
}

/**
 * The packet filter of a namespace.
 *
 * - `prerouting` drops what is not the guest's own IPv4 address and hardware address, and all IPv6.
 * - `forward` lets the host reach the guest, answers go back, and the guest reach the internet.
 * - `input` and `output` keep the namespace's own stack out of reach and silent: nothing listens there, and a VMM that
 *   was broken out of finds no network.
 */
function planNamespaceRuleset(addresses: SlotAddresses): string {
  const { hostAddress, peerAddress, hostReachableIp } = addresses
  const { tap, uplink, guestAddress, guestMac } = GUEST_LINK
  return `table inet thaw
delete table inet thaw
table inet thaw {
  set denied {
    type ipv4_addr
    flags interval
    elements = { ${DENIED_DESTINATIONS.join(", ")} }
  }
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    meta nfproto ipv6 drop
    iifname "${tap}" ether saddr != ${guestMac.toLowerCase()} drop
    iifname "${tap}" ip saddr != ${guestAddress} drop
    iifname "${uplink}" ip saddr ${guestAddress} drop
  }
  chain to_guest {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "${uplink}" ip saddr ${hostAddress} ip daddr ${hostReachableIp} dnat ip to ${guestAddress}
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    meta nfproto ipv6 drop
    ct state invalid drop
    iifname "${uplink}" oifname "${tap}" ct state established,related accept
    iifname "${uplink}" oifname "${tap}" ip saddr ${hostAddress} ip daddr ${guestAddress} ct state new ct status dnat accept
    iifname "${tap}" oifname "${uplink}" ct state established,related ct direction reply accept
    iifname "${tap}" ip daddr @denied drop
    iifname "${tap}" oifname "${uplink}" ct state new ct count over ${GUEST_CONNECTIONS_MAX} drop
    iifname "${tap}" oifname "${uplink}" accept
  }
  chain from_guest {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "${uplink}" ip saddr ${guestAddress} snat ip to ${peerAddress}
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    oifname "${tap}" ct state related accept
  }
}
`
}
