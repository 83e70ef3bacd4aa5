import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"

import { FakeNetworkTools } from "./_fake-network-tools.ts"
import { toSlotIndex } from "./slot-addresses.ts"
import { openSlotClaims, type SlotClaims } from "./slot-claims.ts"
import { openSlotPool, type SlotPoolOptions } from "./slot-pool.ts"

let dir: string
let claims: SlotClaims
let tools: FakeNetworkTools
let errors: unknown[]

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "thaw-pool-"))
  claims = await openSlotClaims({ dir, dataDirId: "mine" })
  tools = new FakeNetworkTools()
  errors = []
})

afterEach(async () => {
  await rm(dir, { recursive: true, force: true })
})

function openPool(options: Partial<SlotPoolOptions> = {}) {
  return openSlotPool({
    claims,
    run: tools.run,
    listNames: tools.listNames,
    onError: (error) => errors.push(error),
    sleep: () => Promise.resolve(),
    ...options,
  })
}

describe("SlotPool", () => {
  test("keeps slots ready in the background and removes the unused ones at the end", async () => {
    const pool = openPool({ size: 2 })
    pool.refill()
    await vi.waitFor(() => expect(pool.readyCount).toBe(2))
    const commandCount = tools.commands.length
    const lease = await pool.acquire()
    expect(tools.commands.length).toBe(commandCount)
    await vi.waitFor(() => expect(pool.readyCount).toBe(2))
    await pool.close()
    expect([...tools.namespaces]).toEqual([lease.addresses.namespace])
    await lease.release()
    await lease.release()
    expect([...tools.namespaces, ...tools.links]).toEqual([])
    expect(await claims.listTaken()).toEqual(new Set())
    expect(errors).toEqual([])
  })

  test("uses a slot just given back last", async () => {
    await using pool = openPool({ size: 0, slotMax: 3 })
    const used: number[] = []
    for (let count = 0; count < 5; count++) {
      const lease = await pool.acquire()
      used.push(lease.addresses.slot)
      await lease.release()
    }
    expect(used).toEqual([1, 2, 3, 1, 2])
  })

  test("raises capacity_exhausted when all slots are taken, and goes on once one is free", async () => {
    await using pool = openPool({ size: 0, slotMax: 2 })
    const [first] = [await pool.acquire(), await pool.acquire()]
    await expect(pool.acquire()).rejects.toMatchObject({ code: "capacity_exhausted" })
    await first.release()
    expect((await pool.acquire()).addresses.slot).toBe(1)
  })

  test("skips slots of another host agent and foreign names, before and after the claim", async () => {
    const other = await openSlotClaims({ dir, dataDirId: "other" })
    await other.claim(toSlotIndex(1))
    tools.namespaces.add("ns-2")
    tools.links.add("veth-3")
    tools.namespaces.add("ns-4")
    const listNames = () => Promise.resolve({ namespaces: new Set(["ns-2"]), links: new Set(["veth-3"]) })
    await using pool = openPool({ size: 0, listNames })
    expect((await pool.acquire()).addresses.slot).toBe(5)
    expect([...tools.namespaces]).toEqual(["ns-2", "ns-4", "ns-5"])
    expect(await claims.listTaken()).toEqual(new Set([1, 5]))
  })

  test("reports a failed refill, tries again with growing delays, and acquire() prepares by itself", async () => {
    const delays: number[] = []
    let failures = 3
    tools.failAt = () => (failures-- > 0 ? "RTNETLINK answers: Cannot allocate memory" : undefined)
    await using pool = openPool({
      size: 1,
      sleep: (delayMs) => {
        delays.push(delayMs)
        return Promise.resolve()
      },
    })
    pool.refill()
    await vi.waitFor(() => expect(pool.readyCount).toBe(1))
    expect(delays.length).toBeGreaterThanOrEqual(2)
    expect(delays.slice(0, 2)).toEqual([100, 200])
    expect(errors.length).toBe(delays.length)
  })

  test("acquire() tells its own failure and leaves neither network nor claim", async () => {
    await using pool = openPool({ size: 0 })
    tools.failAt = (command) => (command.includes("nft -f") ? "No buffer space available" : undefined)
    await expect(pool.acquire()).rejects.toMatchObject({ errno: "ENOBUFS" })
    expect([...tools.namespaces]).toEqual([])
    expect(await claims.listTaken()).toEqual(new Set())
  })

  test("acquire() ends with the caller's reason when it is aborted", async () => {
    await using pool = openPool({ size: 0 })
    const abort = new AbortController()
    tools.failAt = (_command, number) => {
      if (number === 2) abort.abort(new Error("enough"))
      return undefined
    }
    await expect(pool.acquire({ signal: abort.signal })).rejects.toThrow("enough")
    expect([...tools.namespaces, ...tools.links]).toEqual([])
    expect(await claims.listTaken()).toEqual(new Set())
  })

  test("close() waits for an acquire under way; its lease stays, and later ones are refused", async () => {
    const pool = openPool({ size: 0 })
    const acquiring = pool.acquire()
    await pool.close()
    await pool.close()
    const lease = await acquiring
    expect([...tools.namespaces]).toEqual([lease.addresses.namespace])
    await expect(pool.acquire()).rejects.toMatchObject({ code: "unavailable" })
  })

  test("close() takes down what is being prepared in the background", async () => {
    const pool = openPool({ size: 2 })
    const begun = Promise.withResolvers<void>()
    tools.failAt = (_command, number) => {
      if (number === 3) begun.resolve()
      return undefined
    }
    pool.refill()
    await begun.promise
    await pool.close()
    expect([...tools.namespaces, ...tools.links]).toEqual([])
    expect(await claims.listTaken()).toEqual(new Set())
  })
})

describe("SlotPool recovery", () => {
  test("keeps adopted slots and those in use, removes the rest whole or half-built, and never another's", async () => {
    const earlier = openPool({ size: 0 })
    const leases = [
      await earlier.acquire(),
      await earlier.acquire(),
      await earlier.acquire(),
      await earlier.acquire(),
    ]
    expect(leases.map(({ addresses }) => addresses.slot)).toEqual([1, 2, 3, 4])
    tools.links.delete("veth-4")
    const other = await openSlotClaims({ dir, dataDirId: "other" })
    await other.claim(toSlotIndex(9))
    tools.namespaces.add("ns-9")

    await using pool = openPool({ size: 0, claims: await openSlotClaims({ dir, dataDirId: "mine" }) })
    const adopted = await pool.adopt(toSlotIndex(1))
    expect(await pool.recover(new Set([2]))).toEqual({ removed: [3, 4], failed: [] })
    expect([...tools.namespaces]).toEqual(["ns-1", "ns-2", "ns-9"])
    await adopted.release()
    expect([...tools.namespaces]).toEqual(["ns-2", "ns-9"])
    await expect(pool.adopt(toSlotIndex(9))).rejects.toThrow("belongs to another host agent")
  })

  test("reports a slot that cannot be removed, keeps its claim and goes on with the others", async () => {
    const earlier = openPool({ size: 0 })
    await earlier.acquire()
    await earlier.acquire()
    tools.failAt = (command) =>
      command.includes("netns delete ns-1") ? "Device or resource busy" : undefined
    await using pool = openPool({ size: 0, claims: await openSlotClaims({ dir, dataDirId: "mine" }) })
    expect(await pool.recover(new Set())).toEqual({ removed: [2], failed: [1] })
    expect(errors).toHaveLength(1)
    expect(await claims.listTaken()).toEqual(new Set([1]))
  })
})
