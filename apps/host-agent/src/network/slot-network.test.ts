import { describe, expect, test } from "vitest"

import { FakeNetworkTools } from "./_fake-network-tools.ts"
import { toSlotIndex } from "./slot-addresses.ts"
import { adoptSlotNetwork, ForeignSlotError, openSlotNetwork } from "./slot-network.ts"

const slot = toSlotIndex(7)
const COMMAND_COUNT = 6

describe("openSlotNetwork()", () => {
  test("builds with few commands, and close() removes everything, any number of times", async () => {
    const tools = new FakeNetworkTools()
    const network = await openSlotNetwork(slot, { run: tools.run })
    expect(tools.commands).toHaveLength(COMMAND_COUNT)
    expect([...tools.namespaces, ...tools.links]).toEqual(["ns-7", "veth-7"])
    await network.close()
    await network.close()
    expect([...tools.namespaces, ...tools.links]).toEqual([])
  })

  const steps = Array.from({ length: COMMAND_COUNT }, (_unused, index) => index + 1)
  test.each(steps)("leaves nothing when command %i fails", async (failing) => {
    const tools = new FakeNetworkTools()
    tools.failAt = (_command, number) =>
      number === failing ? "RTNETLINK answers: Invalid argument" : undefined
    await expect(openSlotNetwork(slot, { run: tools.run })).rejects.toMatchObject({ errno: "EINVAL" })
    expect([...tools.namespaces, ...tools.links]).toEqual([])
  })

  test.each(steps)("leaves nothing when command %i is ended after it did its work", async (failing) => {
    const tools = new FakeNetworkTools()
    let count = 0
    const run: typeof tools.run = async (argv, options) => {
      const result = await tools.run(argv, options)
      count += 1
      if (count === failing) await tools.run(argv, { ...options, signal: AbortSignal.abort() })
      return result
    }
    await expect(openSlotNetwork(slot, { run })).rejects.toThrow("could not")
    expect([...tools.namespaces, ...tools.links]).toEqual([])
  })

  test("leaves a foreign namespace alone", async () => {
    const tools = new FakeNetworkTools()
    tools.namespaces.add("ns-7")
    await expect(openSlotNetwork(slot, { run: tools.run })).rejects.toThrow(ForeignSlotError)
    expect([...tools.namespaces]).toEqual(["ns-7"])
  })

  test("leaves a foreign device alone and takes its own namespace down", async () => {
    const tools = new FakeNetworkTools()
    tools.links.add("veth-7")
    await expect(openSlotNetwork(slot, { run: tools.run })).rejects.toThrow(ForeignSlotError)
    expect([...tools.namespaces, ...tools.links]).toEqual(["veth-7"])
  })
})

describe("adoptSlotNetwork()", () => {
  test("closes what is there, half-built or gone", async () => {
    const tools = new FakeNetworkTools()
    tools.namespaces.add("ns-7")
    await adoptSlotNetwork(slot, { run: tools.run }).close()
    await adoptSlotNetwork(slot, { run: tools.run }).close()
    expect([...tools.namespaces]).toEqual([])
  })

  test("close() tries the namespace although the device fails, and works when repeated", async () => {
    const tools = new FakeNetworkTools()
    const network = await openSlotNetwork(slot, { run: tools.run })
    tools.failAt = (command) => (command.includes("link delete") ? "Device or resource busy" : undefined)
    await expect(network.close()).rejects.toMatchObject({ errno: "EBUSY" })
    expect([...tools.namespaces]).toEqual([])
    tools.failAt = undefined
    await network.close()
    expect([...tools.links]).toEqual([])
  })
})
