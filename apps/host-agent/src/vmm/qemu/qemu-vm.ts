import { setTimeout as sleep } from "node:timers/promises"

import { endProcess, type ProcessIdentity } from "@thaw/linux"

import type { Vm, VmEnd } from "../vmm.ts"
import { CONSOLE_BYTES } from "./plan-qemu-argv.ts"
import type { QmpClient, QmpEvent } from "./qmp-client.ts"

const CONSOLE_TAIL_LENGTH = 4000
const LAST_WORDS_TIMEOUT_MS = 500

/**
 * A VM in a QEMU process.
 *
 * Its monitor connection tells of the end in both ways there are: QEMU reports SHUTDOWN when the guest is over, and
 * closes the connection when it dies itself. This works the same for a QEMU that an earlier host agent started.
 */
export class QemuVm implements Vm {
  readonly process: ProcessIdentity
  readonly ended: Promise<VmEnd>
  readonly #qmp: QmpClient
  readonly #end = Promise.withResolvers<VmEnd>()
  #released = false

  constructor(process: ProcessIdentity, qmp: QmpClient) {
    this.process = process
    this.#qmp = qmp
    this.ended = this.#end.promise
    qmp.on("event", (event) => this.#onEvent(event))
    qmp.once("close", () => {
      if (!this.#released) this.#end.resolve({ reason: "the VMM process ended", consoleTail: "" })
    })
  }

  async consoleTail(): Promise<string> {
    const text = await this.#qmp.execute("ringbuf-read", { device: "console", size: CONSOLE_BYTES })
    return String(text).slice(-CONSOLE_TAIL_LENGTH)
  }

  /** Reports a guest that was over before this connection was made */
  async checkStatus(): Promise<void> {
    const status = (await this.#qmp.execute("query-status")) as { readonly status: string }
    if (status.status === "shutdown" || status.status === "guest-panicked") {
      await this.#onGuestOver(`the guest is over (${status.status})`)
    }
  }

  async kill(): Promise<void> {
    this.#released = true
    await endProcess(this.process, { graceMs: 0 })
    this.#qmp[Symbol.dispose]()
  }

  detach(): void {
    this.#released = true
    this.#qmp[Symbol.dispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  #onEvent(event: QmpEvent): void {
    if (event.event !== "SHUTDOWN" || this.#released) return
    const reason = typeof event.data?.["reason"] === "string" ? event.data["reason"] : "unknown"
    void this.#onGuestOver(`the guest shut down (${reason})`)
  }

  async #onGuestOver(reason: string): Promise<void> {
    // QEMU may die, or hang, before it has told the console; the end is reported all the same.
    const tail = this.consoleTail().catch(() => "")
    const consoleTail = await Promise.race([tail, sleep(LAST_WORDS_TIMEOUT_MS, "", { ref: false })])
    this.#end.resolve({ reason, consoleTail })
  }
}
