import { expect, test } from "vitest"

import { CommandFailedError } from "../exec/command-failed-error.ts"
import { deleteNftTable, loadNftRuleset, parseNftTables } from "../nft/nft.ts"
import { sysctlArgv } from "../sysctl/sysctl.ts"
import { applyIpBatch } from "./ip-batch.ts"
import { deleteLink } from "./link.ts"
import { addNetns, deleteNetns, netnsExecArgv } from "./netns.ts"
import type { NetworkCommandOptions } from "./run-network-command.ts"

interface Call {
  readonly argv: readonly string[]
  readonly input: unknown
}

/** A runner that records its calls and, given `stderr`, fails with it */
function recordingRunner(stderr?: string): { calls: Call[]; options: NetworkCommandOptions } {
  const calls: Call[] = []
  return {
    calls,
    options: {
      timeoutMs: 1000,
      run: (argv, { input }) => {
        calls.push({ argv, input })
        const end = { stdout: "", stderr: stderr ?? "", durationMs: 1 }
        if (stderr === undefined) return Promise.resolve(end)
        return Promise.reject(
          new CommandFailedError({
            ...end,
            argv,
            exitCode: 1,
            signal: null,
            timedOut: false,
            tooMuchOutput: false,
            aborted: false,
          }),
        )
      },
    },
  }
}

test("commands are plain argv with their lines on standard input", async () => {
  const { calls, options } = recordingRunner()
  await addNetns("ns-1", options)
  await applyIpBatch(["link set dev lo up", "route show"], options)
  await applyIpBatch(["link set dev lo up"], { ...options, namespace: "ns-1" })
  await loadNftRuleset("table inet x {}", { ...options, namespace: "ns-1" })
  await loadNftRuleset("table inet x {}", options)
  expect(calls).toEqual([
    { argv: ["ip", "netns", "add", "ns-1"], input: undefined },
    { argv: ["ip", "-batch", "-"], input: "link set dev lo up\nroute show\n" },
    { argv: ["ip", "-n", "ns-1", "-batch", "-"], input: "link set dev lo up\n" },
    { argv: ["ip", "netns", "exec", "ns-1", "nft", "-f", "-"], input: "table inet x {}" },
    { argv: ["nft", "-f", "-"], input: "table inet x {}" },
  ])
})

test("netnsExecArgv() and sysctlArgv() build commands to run in a namespace", () => {
  expect(netnsExecArgv("ns-1", sysctlArgv([{ name: "net.ipv4.ip_forward", value: "1" }]))).toEqual(
    "ip netns exec ns-1 sysctl -q -w net.ipv4.ip_forward=1".split(" "),
  )
})

test("removing what is gone already succeeds", async () => {
  const goneNetns = recordingRunner(
    'Cannot remove namespace file "/run/netns/ns-1": No such file or directory',
  )
  const goneLink = recordingRunner('Cannot find device "veth-1"')
  const goneTable = recordingRunner("Error: Could not process rule: No such file or directory")
  await deleteNetns("ns-1", goneNetns.options)
  await deleteLink("veth-1", goneLink.options)
  await deleteNftTable({ family: "inet", name: "x" }, goneTable.options)
  expect([goneNetns, goneLink, goneTable].map(({ calls }) => calls.length)).toEqual([1, 1, 1])
})

test("removing what cannot be removed fails with the errno", async () => {
  const { options } = recordingRunner("RTNETLINK answers: Operation not permitted")
  await expect(deleteNetns("ns-1", options)).rejects.toMatchObject({ errno: "EPERM" })
  await expect(deleteLink("veth-1", options)).rejects.toMatchObject({ errno: "EPERM" })
  await expect(deleteNftTable({ family: "inet", name: "x" }, options)).rejects.toMatchObject({
    errno: "EPERM",
  })
})

test("parseNftTables() reads family and name", () => {
  expect(parseNftTables("table inet thaw-ab12\ntable ip nat\n")).toEqual([
    { family: "inet", name: "thaw-ab12" },
    { family: "ip", name: "nat" },
  ])
})
