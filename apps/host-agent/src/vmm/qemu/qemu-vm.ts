import { setTimeout as sleep } from "node:timers/promises"

import { endProcess, writeFileAtomic, type ProcessIdentity } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import { nameDiskFull } from "../../disk-full.ts"
import type { Vm, VmEnd } from "../vmm.ts"
import { queryRunState } from "./migration.ts"
import { CONSOLE_BYTES } from "./plan-qemu-argv.ts"
import type { QmpClient, QmpEvent } from "./qmp-client.ts"
import { receiveState } from "./receive-state.ts"

const CONSOLE_TAIL_LENGTH = 4000
const LAST_WORDS_TIMEOUT_MS = 500
/** Writing back what the guest wrote to its disk is part of it */
const FREEZE_TIMEOUT_MS = 30_000
/** `postmigrate` is a machine whose state was saved */
const FROZEN_STATES: ReadonlySet<string> = new Set(["paused", "postmigrate"])
const OVER_STATES: ReadonlySet<string> = new Set(["shutdown", "guest-panicked"])

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
  readonly #runDir: string
  readonly #end = Promise.withResolvers<VmEnd>()
  /** Of a frozen VM. QEMU saves its state only once until the VM runs again, but writing it to a file may need a second try. */
  #state: Buffer | undefined
  #released = false

  constructor(parts: {
    readonly process: ProcessIdentity
    readonly qmp: QmpClient
    readonly runDir: string
  }) {
    this.process = parts.process
    this.#qmp = parts.qmp
    this.#runDir = parts.runDir
    this.ended = this.#end.promise
    this.#qmp.on("event", (event) => this.#onEvent(event))
    this.#qmp.once("close", () => {
      if (!this.#released) this.#end.resolve({ reason: "the VMM process ended", consoleTail: "" })
    })
  }

  async consoleTail(): Promise<string> {
    const text = await this.#qmp.execute("ringbuf-read", { device: "console", size: CONSOLE_BYTES })
    return String(text).slice(-CONSOLE_TAIL_LENGTH)
  }

  /** Reports a guest that was over before this connection was made */
  async checkStatus(): Promise<void> {
    const state = await queryRunState(this.#qmp)
    if (OVER_STATES.has(state)) await this.#onGuestOver(`the guest is over (${state})`)
  }

  async freeze(): Promise<void> {
    await this.#qmp.execute("stop", {}, { timeoutMs: FREEZE_TIMEOUT_MS })
    const state = await queryRunState(this.#qmp)
    if (FROZEN_STATES.has(state)) return
    throw new PlatformError("wrong_state", "the sandbox's guest is over", { internal: `QEMU is "${state}"` })
  }

  async saveState(path: string): Promise<void> {
    this.#state ??= await receiveState(this.#qmp, this.#runDir)
    try {
      await writeFileAtomic(path, this.#state, { mode: 0o600 })
    } catch (error) {
      throw nameDiskFull(error)
    }
  }

  async run(): Promise<void> {
    this.#state = undefined
    await this.#qmp.execute("cont")
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
