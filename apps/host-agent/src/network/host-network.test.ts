import type { Sysctl } from "@thaw/linux"
import { expect, test } from "vitest"

import { FakeNetworkTools } from "./_fake-network-tools.ts"
import { openHostNetwork } from "./host-network.ts"

async function open(ipForward: string) {
  const tools = new FakeNetworkTools()
  const written: Sysctl[] = []
  const network = await openHostNetwork({
    dataDirId: "ab12",
    run: tools.run,
    readSysctl: () => Promise.resolve(ipForward),
    writeSysctl: (sysctl) => {
      written.push(sysctl)
      return Promise.resolve()
    },
  })
  return { tools, written, network }
}

test("openHostNetwork() loads one table; close() removes it and may be repeated", async () => {
  const { tools, network } = await open("1")
  tools.failAt = (_command, number) =>
    number === 3 ? "Error: Could not process rule: No such file or directory" : undefined
  await network.close()
  await network.close()
  expect(tools.commands).toEqual([
    "nft -f -",
    "nft delete table inet thaw-ab12",
    "nft delete table inet thaw-ab12",
  ])
})

test("openHostNetwork() turns forwarding on only when it is off", async () => {
  expect((await open("1")).written).toEqual([])
  expect((await open("0")).written).toEqual([{ name: "net.ipv4.ip_forward", value: "1" }])
})
