import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"

import { addNetns, deleteLink, deleteNetns, listLinks, listNetns, listNftTables, run } from "@thaw/linux"
import { afterEach, beforeEach, describe, expect, test } from "vitest"

import { openHostNetwork } from "../../../apps/host-agent/src/network/host-network.ts"
import { slotAddresses, toSlotIndex } from "../../../apps/host-agent/src/network/slot-addresses.ts"
import { openSlotClaims } from "../../../apps/host-agent/src/network/slot-claims.ts"
import { openSlotNetwork } from "../../../apps/host-agent/src/network/slot-network.ts"
import { openSlotPool, type SlotPoolOptions } from "../../../apps/host-agent/src/network/slot-pool.ts"
import { readHostState } from "./_host-state.ts"

const options = { timeoutMs: 10_000 }
const COMMANDS_OF_A_SLOT = 6

describe("network slots", () => {
  let dir: string
  let before: Record<string, unknown>

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "thaw-claims-"))
    before = await readHostState(dir)
  })

  // Every test ends as it began.
  afterEach(async () => {
    assert.deepEqual(await readHostState(dir), before)
    await rm(dir, { recursive: true, force: true })
  })

  async function openPool(dataDirId: string, poolOptions: Partial<SlotPoolOptions> = {}) {
    return openSlotPool({
      claims: await openSlotClaims({ dir, dataDirId }),
      onError: (error) => expect.unreachable(String(error)),
      ...poolOptions,
    })
  }

  test.each([1, 255, 256, 32_767])(
    "slot %i is built with its addresses and goes without a trace",
    async (slot) => {
      const addresses = slotAddresses(toSlotIndex(slot))
      await using network = await openSlotNetwork(addresses.slot)
      const host = (await run(["ip", "-o", "-4", "address", "show", "dev", addresses.hostVeth], options))
        .stdout
      const inside = (await run(["ip", "-n", addresses.namespace, "-o", "-4", "address"], options)).stdout
      const route = (await run(["ip", "route", "get", addresses.hostReachableIp], options)).stdout
      expect(host).toContain(`inet ${addresses.hostAddress}/31 `)
      expect(inside).toContain(`inet ${addresses.peerAddress}/31 `)
      expect(inside).toContain("inet 169.254.0.22/30 ")
      expect(route).toContain(
        `via ${addresses.peerAddress} dev ${addresses.hostVeth} src ${addresses.hostAddress}`,
      )
      const tap = await run(["ip", "-n", addresses.namespace, "-d", "tuntap", "show", "dev", "tap0"], options)
      expect(tap.stdout).toContain(`user ${addresses.vmmUid}`)
      await network.close()
      expect(await listLinks()).not.toContain(addresses.hostVeth)
    },
  )

  test("a foreign namespace and a foreign device are skipped and left alone", async () => {
    await addNetns("ns-1", options)
    await run(["ip", "link", "add", "name", "veth-2", "type", "veth", "peer", "name", "foreign0"], options)
    await using pool = await openPool("mine", { size: 0 })
    const lease = await pool.acquire()
    expect(lease.addresses.slot).toBe(3)
    await lease.release()
    await pool.recover(new Set())
    expect(await listNetns()).toEqual(["ns-1"])
    expect(await listLinks()).toContain("veth-2")
    await deleteNetns("ns-1", options)
    await deleteLink("veth-2", options)
  })

  test("two host agents share the slots of one machine", async () => {
    const pools = [await openPool("first", { size: 2 }), await openPool("second", { size: 2 })]
    const leases = await Promise.all(pools.flatMap((pool) => Array.from({ length: 4 }, () => pool.acquire())))
    expect(new Set(leases.map(({ addresses }) => addresses.slot)).size).toBe(8)
    await Promise.all(leases.map((lease) => lease.release()))
    await Promise.all(pools.map((pool) => pool.close()))
  })

  const steps = Array.from({ length: COMMANDS_OF_A_SLOT + 1 }, (_unused, index) => index)
  test.each(steps)("a host agent killed after %i commands leaves what recovery removes", async (commands) => {
    const program = join(import.meta.dirname, "_build-slot-then-die.ts")
    const child = spawn(process.execPath, [program, dir, "mine", "9", String(commands)], {
      stdio: "inherit",
    })
    expect(await once(child, "close")).toEqual([null, "SIGKILL"])
    expect(await listNetns()).toEqual(commands === 0 ? [] : ["ns-9"])

    await using other = await openPool("other", { size: 0 })
    expect((await other.recover(new Set())).removed).toEqual([])
    await using pool = await openPool("mine", { size: 0 })
    expect(await pool.recover(new Set())).toEqual({ removed: [9], failed: [] })
  })

  test("an adopted slot stays through recovery and is removed by its new owner", async () => {
    await (await openPool("mine", { size: 0 })).acquire()
    const pool = await openPool("mine", { size: 0 })
    const lease = await pool.adopt(toSlotIndex(1))
    expect(await pool.recover(new Set([1]))).toEqual({ removed: [], failed: [] })
    expect(await listNetns()).toEqual(["ns-1"])
    await lease.release()
    await pool.close()
  })

  test("the host's table loads over itself and is removed once", async () => {
    const first = await openHostNetwork({ dataDirId: "mine" })
    const again = await openHostNetwork({ dataDirId: "mine" })
    expect(await listNftTables(options)).toEqual([{ family: "inet", name: "thaw-mine" }])
    await again.close()
    await first.close()
  })

  test("preparing a slot takes well below 100 ms", async () => {
    await using pool = await openPool("mine", { size: 0 })
    const openMs: number[] = []
    const closeMs: number[] = []
    for (let count = 0; count < 20; count++) {
      const start = performance.now()
      const lease = await pool.acquire()
      openMs.push(performance.now() - start)
      const built = performance.now()
      await lease.release()
      closeMs.push(performance.now() - built)
    }
    console.log(`prepare a slot: ${spread(openMs)}; remove: ${spread(closeMs)}; ${cpus().length} CPUs`)
    expect(median(openMs)).toBeLessThan(100)
  })
})

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function spread(values: readonly number[]): string {
  return `p50 ${median(values).toFixed(1)} ms, max ${Math.max(...values).toFixed(1)} ms`
}
