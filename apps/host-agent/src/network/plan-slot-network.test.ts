import { expect, test } from "vitest"

import { planSlotNetwork, SLOT_DEVICE_GROUP } from "./plan-slot-network.ts"
import { slotAddresses, toSlotIndex } from "./slot-addresses.ts"

const plan = planSlotNetwork(slotAddresses(toSlotIndex(256)))

test("planSlotNetwork() makes the veth pair first, straight into the namespace and our device group", () => {
  expect(plan.hostLinks).toEqual([
    `link add name veth-256 group ${SLOT_DEVICE_GROUP} type veth peer name eth0 netns ns-256`,
    "link set dev veth-256 addrgenmode none",
    "address add 10.12.2.0/31 dev veth-256",
    "link set dev veth-256 up",
    "route add 10.11.1.0/32 via 10.12.2.1 dev veth-256 src 10.12.2.0",
  ])
})

test("planSlotNetwork() gives the tap to the slot's VMM and pins the guest's hardware address", () => {
  expect(plan.namespaceLinks).toEqual([
    "link set dev lo up",
    "address add 10.12.2.1/31 dev eth0",
    "link set dev eth0 up",
    "route add default via 10.12.2.0",
    "tuntap add dev tap0 mode tap user 810256",
    "link set dev tap0 address 02:FC:00:00:00:06",
    "address add 169.254.0.22/30 dev tap0",
    "neighbour add 169.254.0.21 lladdr 02:FC:00:00:00:05 dev tap0 nud permanent",
    "link set dev tap0 up",
  ])
})

test("planSlotNetwork() turns IPv6 off and forwarding on in the namespace", () => {
  expect(plan.namespaceSysctls.map(({ name, value }) => `${name}=${value}`)).toEqual([
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.disable_ipv6=1",
    "net.ipv6.conf.default.disable_ipv6=1",
    "net.ipv4.conf.all.arp_ignore=1",
  ])
})

test.each([
  'iifname "tap0" ether saddr != 02:fc:00:00:00:05 drop',
  'iifname "tap0" ip saddr != 169.254.0.21 drop',
  'iifname "eth0" ip saddr 10.12.2.0 ip daddr 10.11.1.0 dnat ip to 169.254.0.21',
  'oifname "eth0" ip saddr 169.254.0.21 snat ip to 10.12.2.1',
  "type filter hook input priority filter; policy drop;",
  "type filter hook forward priority filter; policy drop;",
  "type filter hook output priority filter; policy drop;",
])("the rules of a namespace hold %s", (line) => {
  expect(plan.namespaceRuleset).toContain(line)
})

test("a guest's packets meet the denied ranges before the rule that lets it out", () => {
  const rules = plan.namespaceRuleset
  expect(rules.indexOf('iifname "tap0" ip daddr @denied drop')).toBeLessThan(
    rules.indexOf('iifname "tap0" oifname "eth0" accept'),
  )
})
