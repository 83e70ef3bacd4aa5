import { randomBytes } from "node:crypto"

import type { ProcessIdentity } from "@thaw/linux"
import { PlatformError, canDo, type SandboxId } from "@thaw/model"
import type { Logger } from "pino"

import type { GuestClient } from "../guest/guest-client.ts"
import type { EnvPair } from "../guest/protocol/request.ts"
import type { SlotLease } from "../network/slot-lease.ts"
import type { VmEnd } from "../vmm/vmm.ts"
import { armDeadline } from "./deadline.ts"
import type { Machine } from "./machine.ts"
import type { SandboxJournal } from "./sandbox-journal.ts"
import type { SandboxRecord } from "./sandbox-record.ts"
import type { SandboxSpec } from "./sandbox-spec.ts"
import { startMachine, type MachineDeps } from "./start-machine.ts"
import { Steps, type StepObserver } from "./steps.ts"

const RETRY_DELAY_MS_MIN = 1_000
const RETRY_DELAY_MS_MAX = 60_000

export interface SandboxDeps extends MachineDeps {
  readonly journal: SandboxJournal
  readonly logger: Logger
  /** Removes what a record still names on the host, for when its owner is no more */
  readonly removeLeftovers: (record: SandboxRecord) => Promise<void>
  readonly stepObserver?: StepObserver
}

export interface SandboxListener {
  /** Called after each change of status, in order */
  readonly onChange: (sandbox: Sandbox) => void
  /** Called when nothing is left to remember */
  readonly onForgotten: (sandbox: Sandbox) => void
}

/** A way to the guest of a running sandbox, and the signal that ends it */
export interface GuestAccess {
  readonly guest: GuestClient
  /** Aborts when the sandbox is no longer running */
  readonly signal: AbortSignal
}

/**
 * The driver of one sandbox: the only one that changes it.
 *
 * ```
 * starting → running → stopping → stopped (and forgotten, when a client asked; remembered with its reason, when the TTL ran out)
 *     ↓         ↓ VM over
 *  forgotten  error (remembered with its reason until it is destroyed)
 * ```
 *
 * Requests and events enter a queue and are applied one at a time. `running` holds a `Machine`; every other status holds nothing,
 * but what the record names while it is being taken down. The record on disk goes ahead of every effect.
 */
export class Sandbox {
  #record: SandboxRecord
  readonly #deps: SandboxDeps
  readonly #listener: SandboxListener
  readonly #logger: Logger
  readonly #steps: Steps
  #machine: Machine | undefined
  /** Outlives the machine when its network could not be removed at first */
  #slot: SlotLease | undefined
  #queue: Promise<unknown> = Promise.resolve()
  /** Ends the create, and all that goes on with the guest */
  readonly #over = new AbortController()
  #ttl: Disposable | undefined
  #retry: NodeJS.Timeout | undefined
  #forgotten = false

  private constructor(record: SandboxRecord, deps: SandboxDeps, listener: SandboxListener) {
    this.#record = record
    this.#deps = deps
    this.#listener = listener
    this.#logger = deps.logger.child({ sandbox: record.spec.id })
    this.#steps = new Steps(deps.stepObserver)
  }

  /** A sandbox that does not exist yet; `create` makes it */
  static fresh(spec: SandboxSpec, deps: SandboxDeps, listener: SandboxListener): Sandbox {
    const now = Date.now()
    const record: SandboxRecord = {
      formatVersion: 1,
      spec,
      status: "starting",
      reason: "",
      createdAtMs: now,
      changedAtMs: now,
      expiresAtMs: 0,
      guestToken: randomBytes(32).toString("hex"),
      createSteps: [],
    }
    return new Sandbox(record, deps, listener)
  }

  /** A sandbox from an earlier host agent's record; with the machine that still runs, or without when it has ended */
  static recovered(
    record: SandboxRecord,
    machine: Machine | undefined,
    deps: SandboxDeps,
    listener: SandboxListener,
  ): Sandbox {
    const sandbox = new Sandbox(record, deps, listener)
    if (machine !== undefined) sandbox.#hold(machine)
    return sandbox
  }

  get record(): SandboxRecord {
    return this.#record
  }

  get id(): SandboxId {
    return this.#record.spec.id
  }

  /** Address at which the host reaches the guest; empty unless running */
  get hostIp(): string {
    return this.#machine?.slot.addresses.hostReachableIp ?? ""
  }

  /** Bytes the root file system occupies beyond its template; 0 unless running */
  async rootfsBytes(): Promise<number> {
    const machine = this.#machine
    if (machine === undefined || this.#over.signal.aborted) return 0
    return await machine.rootfs.usageBytes()
  }

  /** Boots the sandbox. A failure leaves nothing and forgets it. */
  async create(env: readonly EnvPair[]): Promise<void> {
    await this.#enqueue(async () => await this.#create(env))
  }

  /** Ends the sandbox, also one that is being created, and forgets it */
  async destroy(): Promise<void> {
    this.#over.abort(new PlatformError("wrong_state", "the sandbox was destroyed"))
    await this.#enqueue(async () => {
      if (this.#forgotten) return
      clearTimeout(this.#retry)
      this.#logger.info("destroy")
      await this.#takeDown("stopped", "destroyed")
      await this.#forget()
    })
  }

  /** The guest of a running sandbox. Raises `wrong_state` for any other status. */
  access(action: "exec" | "files"): GuestAccess {
    const { status } = this.#record
    if (this.#machine === undefined || this.#over.signal.aborted || !canDo(action, status)) {
      throw new PlatformError("wrong_state", `the sandbox is not running, it is ${status}`, {
        details: { status },
      })
    }
    return { guest: this.#machine.guest, signal: this.#over.signal }
  }

  /** Waits for the work in hand, then lets go of the VM, which runs on. A create under way is called off. */
  async detach(): Promise<void> {
    if (this.#record.status === "starting") {
      this.#over.abort(new PlatformError("unavailable", "the host agent is shutting down"))
    }
    await this.#enqueue(() => {
      clearTimeout(this.#retry)
      this.#ttl?.[Symbol.dispose]()
      this.#machine?.detach()
      return Promise.resolve()
    })
  }

  async #create(env: readonly EnvPair[]): Promise<void> {
    const { journal } = this.#deps
    const steps = this.#steps
    const startedAt = performance.now()
    try {
      await steps.run("record", async () => await journal.write(this.#record))
      this.#listener.onChange(this)
      await using stack = new AsyncDisposableStack()
      const machine = stack.use(
        await startMachine(this.#deps, {
          spec: this.#record.spec,
          env,
          guestToken: this.#record.guestToken,
          directory: journal.directoryOf(this.id),
          steps,
          signal: this.#over.signal,
          onHold: async (held) => await this.#onHold(held),
        }),
      )
      await steps.run("publish", async () => {
        this.#over.signal.throwIfAborted()
        const { timeoutSec } = this.#record.spec
        const expiresAtMs = timeoutSec === 0 ? 0 : Date.now() + timeoutSec * 1000
        await this.#write({ status: "running", expiresAtMs, createSteps: [...steps.timings] })
      })
      this.#hold(machine)
      stack.move()
      this.#logger.info(
        { durationMs: Math.round(performance.now() - startedAt), steps: steps.timings },
        "created",
      )
      this.#listener.onChange(this)
    } catch (error) {
      this.#logger.warn({ err: error, steps: steps.timings }, "create failed")
      await this.#abandonCreate(PlatformError.from(error).message)
      throw error
    }
  }

  /** Removes what a failed create may have left. What cannot be removed is kept on record, for a destroy to try again. */
  async #abandonCreate(reason: string): Promise<void> {
    this.#record = { ...this.#record, status: "error", reason, changedAtMs: Date.now() }
    this.#listener.onChange(this)
    try {
      await this.#removeRest()
      await this.#forget()
    } catch (error) {
      this.#logger.error({ err: error }, "clean-up after a failed create failed")
    }
  }

  async #onHold(held: { readonly slot: SlotLease } | { readonly vmm: ProcessIdentity }): Promise<void> {
    if ("vmm" in held) return await this.#write(held)
    this.#slot = held.slot
    await this.#write({ slot: held.slot.addresses.slot })
  }

  #hold(machine: Machine): void {
    this.#machine = machine
    this.#slot = machine.slot
    void machine.vm.ended.then((end) => this.#background(async () => await this.#onVmEnded(end)))
    const { expiresAtMs } = this.#record
    if (expiresAtMs !== 0)
      this.#ttl = armDeadline(expiresAtMs, () => this.#background(async () => await this.#onTtl()))
  }

  async #onVmEnded(end: VmEnd): Promise<void> {
    if (this.#record.status !== "running") return
    this.#logger.warn({ reason: end.reason, consoleTail: end.consoleTail }, "VM ended")
    await this.#endByItself("error", end.reason)
  }

  async #onTtl(): Promise<void> {
    if (this.#record.status !== "running") return
    this.#logger.info("timeout reached")
    await this.#endByItself("stopped", "timeout reached")
  }

  /** Takes down a sandbox whose end nobody waits for; what fails is tried again until it succeeds or a client destroys it */
  async #endByItself(
    status: "stopped" | "error",
    reason: string,
    retryDelayMs = RETRY_DELAY_MS_MIN,
  ): Promise<void> {
    try {
      await this.#takeDown(status, reason)
    } catch (error) {
      this.#logger.error({ err: error, retryDelayMs }, "taking the sandbox down failed")
      const nextDelayMs = Math.min(2 * retryDelayMs, RETRY_DELAY_MS_MAX)
      const retry = () => this.#background(async () => await this.#endByItself(status, reason, nextDelayMs))
      this.#retry = setTimeout(retry, retryDelayMs).unref()
    }
  }

  /** Puts work that nobody waits for into the queue */
  #background(work: () => Promise<void>): void {
    this.#enqueue(work).catch((error: unknown) =>
      this.#logger.error({ err: error }, "work on the sandbox failed"),
    )
  }

  /** Frees all the sandbox holds. The record names what is left until it is gone. */
  async #takeDown(status: "stopped" | "error", reason: string): Promise<void> {
    this.#over.abort(new PlatformError("wrong_state", `the sandbox is not running: ${reason}`))
    this.#ttl?.[Symbol.dispose]()
    const machine = this.#machine
    if (machine !== undefined) {
      // A crash is known at once; an end that was asked for is over when nothing is left.
      await this.#noteEnd(status === "error" ? status : "stopping", reason)
      this.#listener.onChange(this)
    }
    try {
      await machine?.[Symbol.asyncDispose]()
    } catch (error) {
      this.#logger.error({ err: error }, "clean-up failed, trying again from the record")
    }
    await this.#removeRest()
    // A VMM that would not end has kept the rest of its machine, capacity above all; by now it is gone.
    await machine?.[Symbol.asyncDispose]()
    this.#machine = undefined
    await this.#noteEnd(status, reason)
    this.#listener.onChange(this)
  }

  /** Removes what a machine left, if anything. Releasing a lease again is safe, by its number it would not be. */
  async #removeRest(): Promise<void> {
    await this.#deps.removeLeftovers(this.#record)
    await this.#slot?.release()
    this.#slot = undefined
    const { slot: _slot, vmm: _vmm, ...rest } = this.#record
    this.#record = rest
  }

  /** A full disk must not keep a sandbox from ending; recovery sees a `running` record without a VMM for what it is */
  async #noteEnd(status: "stopping" | "stopped" | "error", reason: string): Promise<void> {
    try {
      await this.#write({ status, reason })
    } catch (error) {
      this.#logger.error({ err: error }, "the end of the sandbox could not be recorded")
      this.#record = { ...this.#record, status, reason, changedAtMs: Date.now() }
    }
  }

  async #forget(): Promise<void> {
    await this.#deps.journal.remove(this.id)
    this.#forgotten = true
    this.#listener.onForgotten(this)
  }

  async #write(change: Partial<SandboxRecord>): Promise<void> {
    const changedAtMs = change.status === undefined ? this.#record.changedAtMs : Date.now()
    const record = { ...this.#record, ...change, changedAtMs }
    await this.#deps.journal.write(record)
    this.#record = record
  }

  /** Applies one thing at a time; a failure is its caller's, not the next one's */
  async #enqueue(work: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(work)
    this.#queue = turn.catch(() => undefined)
    await turn
  }
}
