import { randomBytes } from "node:crypto"

import { GuestClient } from "../../../apps/host-agent/src/guest/guest-client.ts"
import { configureWhenReady } from "../../../apps/host-agent/src/guest/wait-for-guest.ts"
import { GUEST_AGENT_PORT, type SlotAddresses } from "../../../apps/host-agent/src/network/slot-addresses.ts"

const READY_TIMEOUT_MS = 60_000
const EXEC_TIMEOUT_MS = 60_000
const CONNECT_TIMEOUT_MS = 500
const NS_PER_MS = 1_000_000n

/** The guest agent of a test's VM */
export class TestGuest {
  readonly #client: GuestClient
  readonly #token: Uint8Array

  constructor(slot: SlotAddresses, token: Uint8Array) {
    this.#token = token
    this.#client = new GuestClient({
      host: slot.hostReachableIp,
      port: GUEST_AGENT_PORT,
      token,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    })
  }

  /** Waits until it answers, and tells it the time */
  async configure(): Promise<void> {
    const request = () => ({
      token: this.#token,
      hostname: "vmm-test",
      machineId: randomBytes(16),
      wallClockUnixNs: BigInt(Date.now()) * NS_PER_MS,
      entropy: randomBytes(64),
      env: [],
      dnsServers: [],
    })
    const { signal } = new AbortController()
    await configureWhenReady(this.#client, request, { timeoutMs: READY_TIMEOUT_MS, signal })
  }

  /** Runs a script as root and returns what it printed */
  async sh(script: string, timeoutMs = EXEC_TIMEOUT_MS): Promise<string> {
    const exec = await this.#client.exec(
      {
        argv: ["/bin/sh", "-c", script],
        env: [],
        cwd: "/",
        user: "root",
        stdin: false,
        timeoutMs,
        killOnDisconnect: false,
      },
      AbortSignal.timeout(timeoutMs),
    )
    using _ = exec
    let output = ""
    for await (const event of exec.events()) {
      if (event.type !== "exit") output += event.data.toString()
      else if (event.exit.exitCode !== 0) throw new Error(`the guest's script failed: ${output}`)
    }
    return output.trim()
  }

  /** Whether it answers within half a second */
  async answers(): Promise<boolean> {
    return await this.sh("echo yes", 500).then(
      () => true,
      () => false,
    )
  }
}
