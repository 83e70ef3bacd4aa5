import { mkdtemp, rm } from "node:fs/promises"
import { connect, createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { run } from "@thaw/linux"
import { afterAll, beforeAll, describe, expect, test } from "vitest"

import { openHostNetwork } from "../../../apps/host-agent/src/network/host-network.ts"
import { GUEST_AGENT_PORT, toSlotIndex } from "../../../apps/host-agent/src/network/slot-addresses.ts"
import { openSlotNetwork } from "../../../apps/host-agent/src/network/slot-network.ts"
import { readHostState } from "./_host-state.ts"
import {
  BULK_BYTES,
  BULK_PORT,
  HOST_PUBLIC_ADDRESS,
  HOST_UPLINK_ADDRESS,
  INTERNET_ADDRESS,
  PRIVATE_ADDRESSES,
  startLan,
} from "./_lan.ts"
import { startStation, type Station } from "./_station.ts"
import { encodeUdpFrame } from "./_udp-frame.ts"

const SERVICE_PORT = 8080
const GUEST_MAC = "02:fc:00:00:00:05"
const options = { timeoutMs: 10_000 }

describe("network policy", () => {
  const lan = new AsyncDisposableStack()
  const sandboxes = new AsyncDisposableStack()
  let internet: Station
  let guest: Station
  let neighbour: Station
  let before: Record<string, unknown>
  let claimsDir: string

  beforeAll(async () => {
    claimsDir = await mkdtemp(join(tmpdir(), "thaw-claims-"))
    internet = lan.use(await startLan())
    await listenOnHost(lan)
    before = await readHostState(claimsDir)
    sandboxes.use(await openHostNetwork({ dataDirId: "first" }))
    sandboxes.use(await openHostNetwork({ dataDirId: "second" }))
    const [slot1, slot2] = [toSlotIndex(1), toSlotIndex(2)]
    sandboxes.use(await openSlotNetwork(slot1))
    sandboxes.use(await openSlotNetwork(slot2))
    guest = sandboxes.use(await startStation("guest-1", "ns-1"))
    neighbour = sandboxes.use(await startStation("guest-2", "ns-2"))
    for (const station of [guest, neighbour]) {
      await station.ask({ op: "listen", port: GUEST_AGENT_PORT, bytes: 0 })
      await station.ask({ op: "listen", port: SERVICE_PORT, bytes: 0 })
    }
  })

  afterAll(async () => {
    await sandboxes.disposeAsync()
    await lan.disposeAsync()
    await rm(claimsDir, { recursive: true, force: true })
  })

  test("the host reaches the agent and every other port of each guest, from its own address only", async () => {
    expect(await connectFromHost("10.11.0.1", GUEST_AGENT_PORT)).toBe("hello 10.12.0.2")
    expect(await connectFromHost("10.11.0.1", SERVICE_PORT)).toBe("hello 10.12.0.2")
    expect(await connectFromHost("10.11.0.2", GUEST_AGENT_PORT)).toBe("hello 10.12.0.4")
  })

  test("the guest reaches the internet, masqueraded, also with large packets over a smaller uplink", async () => {
    expect(await guest.connect(INTERNET_ADDRESS, 80)).toBe(`hello ${HOST_UPLINK_ADDRESS}`)
    expect(await guest.connect(INTERNET_ADDRESS, BULK_PORT)).toBe(`${BULK_BYTES} bytes`)
    expect(await neighbour.connect(INTERNET_ADDRESS, 80)).toBe(`hello ${HOST_UPLINK_ADDRESS}`)
  })

  test.each([
    ["another guest's agent", "10.11.0.2", GUEST_AGENT_PORT],
    ["another guest's service", "10.11.0.2", SERVICE_PORT],
    ["another guest's namespace", "10.12.0.5", SERVICE_PORT],
    ["its own host-side address", "10.11.0.1", SERVICE_PORT],
    ["the host's veth address", "10.12.0.2", SERVICE_PORT],
    ["the veth address of another slot", "10.12.0.4", SERVICE_PORT],
    ["the host's uplink address", HOST_UPLINK_ADDRESS, SERVICE_PORT],
    ["a public address of the host", HOST_PUBLIC_ADDRESS, SERVICE_PORT],
    ["its gateway's own stack", "169.254.0.22", SERVICE_PORT],
    ["its namespace's own stack", "10.12.0.3", SERVICE_PORT],
  ])("the guest does not reach %s", async (_what, host, port) => {
    expect(await guest.connect(host, port)).toBe("timeout")
  })

  test.each(PRIVATE_ADDRESSES)("the guest does not reach %s, which the host does", async (address) => {
    expect(await connectFromHost(address, 80)).toBe(`hello ${HOST_UPLINK_ADDRESS}`)
    expect(await guest.connect(address, 80)).toBe("timeout")
  })

  test("nobody else reaches a guest by being routed through the host", async () => {
    const attempts = await Promise.all([
      internet.connect("10.11.0.1", GUEST_AGENT_PORT),
      internet.connect("10.11.0.1", SERVICE_PORT),
      internet.connect("10.12.0.3", GUEST_AGENT_PORT),
      internet.connect("10.11.0.1", GUEST_AGENT_PORT, "192.168.77.1"),
    ])
    expect(attempts).toEqual(["timeout", "timeout", "timeout", "timeout"])
  })

  test("only the guest's own addresses leave its tap", async () => {
    const link = await run(["ip", "-n", "ns-1", "-o", "link", "show", "tap0"], options)
    const targetMac = /link\/ether (\S+)/.exec(link.stdout)?.[1] ?? ""
    const honest = {
      sourceMac: GUEST_MAC,
      targetMac,
      source: "169.254.0.21",
      target: INTERNET_ADDRESS,
      port: 53,
    }
    const frames = [
      { ...honest, source: "169.254.0.20", payload: "link-local" },
      { ...honest, source: "10.12.0.3", payload: "its namespace" },
      { ...honest, source: "10.12.0.5", payload: "another namespace" },
      { ...honest, source: "198.51.100.77", payload: "public" },
      { ...honest, sourceMac: "02:fc:00:00:00:06", payload: "another MAC" },
      { ...honest, payload: "honest" },
    ]
    for (const frame of frames) {
      await guest.ask({ op: "inject", frameHex: encodeUdpFrame(frame).toString("hex") })
    }
    await expect.poll(() => internet.ask({ op: "datagrams" })).toEqual(["honest"])
  })

  test("there is no IPv6 on the way", async () => {
    expect((await run(["ip", "-n", "ns-1", "-6", "address"], options)).stdout).toBe("")
    expect((await run(["ip", "-6", "address", "show", "dev", "veth-1"], options)).stdout).toBe("")
    await run(["ip", "-n", "guest-1", "address", "add", "fd00:1::2/64", "dev", "eth0", "nodad"], options)
    await run(["ip", "-n", "guest-1", "route", "add", "default", "via", "fd00:1::1"], options)
    expect(await guest.connect("2001:db8::1", 80)).toMatch(/timeout|EHOSTUNREACH|ENETUNREACH/)
  })

  test("the host's table alone still keeps guests in when a namespace's rules are gone", async () => {
    await using broken = await startBrokenGuest(3)
    const targets: [string, number][] = [
      ["10.11.0.2", GUEST_AGENT_PORT],
      ["10.12.0.6", SERVICE_PORT],
      [HOST_UPLINK_ADDRESS, SERVICE_PORT],
      [HOST_PUBLIC_ADDRESS, SERVICE_PORT],
      ["192.168.77.1", 80],
      ["169.254.169.254", 80],
    ]
    expect(await broken.connect(INTERNET_ADDRESS, 80)).toBe(`hello ${HOST_UPLINK_ADDRESS}`)
    const attempts = await Promise.all(targets.map(([host, port]) => broken.connect(host, port)))
    expect(attempts).toEqual(targets.map(() => "timeout"))
  })

  test("one host agent's table goes without breaking the sandboxes of another", async () => {
    await run(["nft", "delete", "table", "inet", "thaw-first"], options)
    expect(await guest.connect(INTERNET_ADDRESS, 80)).toBe(`hello ${HOST_UPLINK_ADDRESS}`)
    expect(await guest.connect(HOST_PUBLIC_ADDRESS, SERVICE_PORT)).toBe("timeout")
  })

  test("a namespace's rules alone keep its guest from private addresses, and outsiders from its guest", async () => {
    await run(["nft", "delete", "table", "inet", "thaw-second"], options)
    const attempts = await Promise.all([
      guest.connect("10.11.0.2", GUEST_AGENT_PORT),
      guest.connect("10.12.0.2", SERVICE_PORT),
      guest.connect("192.168.77.1", 80),
      guest.connect("169.254.169.254", 80),
      internet.connect("10.11.0.1", GUEST_AGENT_PORT),
      internet.connect("10.11.0.1", GUEST_AGENT_PORT, "192.168.77.1"),
    ])
    expect(attempts).toEqual(attempts.map(() => "timeout"))
    await openHostNetwork({ dataDirId: "second" })
  })

  test("without our rules the same attempts succeed, so it is the rules that stop them", async () => {
    await using broken = await startBrokenGuest(4)
    await run(["nft", "delete", "table", "inet", "thaw-second"], options)
    expect(await broken.connect(HOST_PUBLIC_ADDRESS, SERVICE_PORT)).toMatch(/^hello/)
    expect(await broken.connect("10.12.0.8", SERVICE_PORT)).toMatch(/^hello/)
    await using restored = await openHostNetwork({ dataDirId: "second" })
    expect(restored.table).toBe("thaw-second")
    expect(await broken.connect(HOST_PUBLIC_ADDRESS, SERVICE_PORT)).toBe("timeout")
  })

  test("nothing stays: namespaces, links, addresses, routes, rules", async () => {
    await sandboxes.disposeAsync()
    expect(await readHostState(claimsDir)).toEqual(before)
  })
})

/** A guest whose namespace lets everything through but for the address translation */
async function startBrokenGuest(slot: number): Promise<Station> {
  await using stack = new AsyncDisposableStack()
  stack.use(await openSlotNetwork(toSlotIndex(slot)))
  for (const chain of ["prerouting", "forward", "input", "output"]) {
    await run(["ip", "netns", "exec", `ns-${slot}`, "nft", "flush", "chain", "inet", "thaw", chain], options)
  }
  await run(
    ["ip", "netns", "exec", `ns-${slot}`, "nft", "add chain inet thaw forward { policy accept; }"],
    options,
  )
  const station = stack.use(await startStation(`guest-${slot}`, `ns-${slot}`))
  const owned = stack.move()
  return { ...station, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function connectFromHost(host: string, port: number): Promise<string> {
  const socket = connect({ host, port, timeout: 1500 })
  socket.on("timeout", () => socket.destroy(new Error("timeout")))
  return Buffer.concat(await socket.toArray()).toString()
}

async function listenOnHost(stack: AsyncDisposableStack): Promise<void> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined)
    socket.end(`hello ${socket.remoteAddress ?? ""}`)
  })
  await new Promise<void>((resolve) => server.listen(SERVICE_PORT, "0.0.0.0", resolve))
  stack.defer(() => {
    server.close()
  })
}
