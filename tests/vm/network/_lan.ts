import { applyIpBatch } from "@thaw/linux"

import { startStation, type Station } from "./_station.ts"

export const INTERNET_ADDRESS = "198.51.100.1"
export const HOST_UPLINK_ADDRESS = "198.51.100.2"
/** Looks public, and is an address of the host itself */
export const HOST_PUBLIC_ADDRESS = "203.0.113.7"
export const PRIVATE_ADDRESSES = [
  "10.99.0.1",
  "100.64.0.1",
  "169.254.169.254",
  "172.16.5.5",
  "192.168.77.1",
  "198.18.0.1",
] as const
export const BULK_PORT = 81
export const BULK_BYTES = 3_000_000
const UPLINK_MTU = 1400

/**
 * Gives the isolated host an uplink and a neighbour that answers on the internet's address and on private ones, so
 * what a guest cannot reach is kept from it by rules and not by a missing route.
 */
export async function startLan(): Promise<Station> {
  await using stack = new AsyncDisposableStack()
  const internet = stack.use(await startStation("internet"))
  const options = { timeoutMs: 10_000 }
  await applyIpBatch(
    [
      `link add name uplink0 mtu ${UPLINK_MTU} type veth peer name eth0 mtu ${UPLINK_MTU} netns internet`,
      "link set dev uplink0 addrgenmode none",
      `address add ${HOST_UPLINK_ADDRESS}/24 dev uplink0`,
      "link set dev uplink0 up",
      `route add default via ${INTERNET_ADDRESS}`,
      `address add ${HOST_PUBLIC_ADDRESS}/32 dev lo`,
    ],
    options,
  )
  await applyIpBatch(
    [
      "link set dev lo up",
      `address add ${INTERNET_ADDRESS}/24 dev eth0`,
      ...PRIVATE_ADDRESSES.map((address) => `address add ${address}/32 dev eth0`),
      "link set dev eth0 up",
      // An outsider that tries to be routed through the host to the guests.
      `route add 10.11.0.0/16 via ${HOST_UPLINK_ADDRESS}`,
      `route add 10.12.0.0/16 via ${HOST_UPLINK_ADDRESS}`,
    ],
    { ...options, namespace: "internet" },
  )
  await internet.ask({ op: "listen", port: 80, bytes: 0 })
  await internet.ask({ op: "listen", port: BULK_PORT, bytes: BULK_BYTES })
  await internet.ask({ op: "listenUdp", port: 53 })
  stack.move()
  return internet
}
