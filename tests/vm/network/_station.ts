import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"

import { addNetns, applyIpBatch, deleteNetns } from "@thaw/linux"

export type StationRequest =
  | { readonly op: "listen"; readonly port: number; readonly bytes: number }
  | { readonly op: "listenUdp"; readonly port: number }
  | { readonly op: "datagrams" }
  | { readonly op: "inject"; readonly frameHex: string }
  | {
      readonly op: "connect"
      readonly host: string
      readonly port: number
      readonly timeoutMs: number
      readonly localAddress?: string
    }

/** A computer on the test's network */
export interface Station extends AsyncDisposable {
  readonly namespace: string
  ask(request: StationRequest): Promise<unknown>
  /** What a TCP connection gets: the greeting, an errno, or "timeout" */
  connect(host: string, port: number, localAddress?: string): Promise<unknown>
}

const CONNECT_TIMEOUT_MS = 700
const IP_OPTIONS = { timeoutMs: 10_000 }

/** Starts a station in a new namespace; `slotNamespace` makes it the guest of that slot */
export async function startStation(namespace: string, slotNamespace?: string): Promise<Station> {
  await using stack = new AsyncDisposableStack()
  await addNetns(namespace, IP_OPTIONS)
  stack.defer(() => deleteNetns(namespace, IP_OPTIONS))
  const program = join(import.meta.dirname, "_station-process.ts")
  const args = slotNamespace === undefined ? [program] : [program, slotNamespace]
  const child = spawn("ip", ["netns", "exec", namespace, process.execPath, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  stack.defer(async () => {
    const closed = once(child, "close")
    child.kill("SIGKILL")
    await closed
  })
  const waiting = new Map<number, (result: unknown) => void>()
  let lastId = 0
  const ready = new Promise((resolve) => waiting.set(0, resolve))
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { id, result } = JSON.parse(line) as { id: number; result: unknown }
    waiting.get(id)?.(result)
  })
  await ready
  if (slotNamespace !== undefined) await applyIpBatch(GUEST_LINES, { ...IP_OPTIONS, namespace })
  const ask = (request: StationRequest): Promise<unknown> => {
    const id = (lastId += 1)
    const result = new Promise((resolve) => waiting.set(id, resolve))
    child.stdin.write(`${JSON.stringify({ id, ...request })}\n`)
    return result
  }
  const owned = stack.move()
  return {
    namespace,
    ask,
    connect: (host, port, localAddress) =>
      ask({
        op: "connect",
        host,
        port,
        timeoutMs: CONNECT_TIMEOUT_MS,
        ...(localAddress !== undefined && { localAddress }),
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const GUEST_LINES = [
  "link set dev eth0 address 02:fc:00:00:00:05",
  "address add 169.254.0.21/30 dev eth0",
  "link set dev eth0 up",
  "route add default via 169.254.0.22",
]
