import { PlatformError, canDo, type SandboxAction, type SandboxId } from "@thaw/model"
import type { Logger } from "pino"

import type { VmEnd } from "../vmm/vmm.ts"
import { Holdings } from "./holdings.ts"
import { Lifetime } from "./lifetime.ts"
import type { Machine } from "./machine.ts"
import type { HeldResource, MachineStart } from "./machine-deps.ts"
import { RecordKeeper } from "./record-keeper.ts"
import type { SandboxDeps } from "./sandbox-deps.ts"
import type { SandboxRecord } from "./sandbox-record.ts"
import { Steps } from "./steps.ts"
import { TaskQueue } from "./task-queue.ts"
import { requireAlive } from "./while-running.ts"

/** What happens to a sandbox without being asked for */
export interface SandboxEvents {
  readonly onChange: () => void
  readonly onForgotten: () => void
  readonly onVmEnded: (machine: Machine, end: VmEnd) => Promise<void>
  readonly onTimeout: () => Promise<void>
}

/** What the operations on one sandbox share: its record, what it holds, and the queue in which they are applied one at a time */
export class SandboxCore {
  readonly deps: SandboxDeps
  readonly record: RecordKeeper
  readonly logger: Logger
  readonly holdings: Holdings
  readonly queue: TaskQueue
  /** Ends the start under way, and all that goes on with the guest; one for each time it runs */
  over = new AbortController()
  lifetime: Lifetime | undefined
  isForgotten = false
  readonly #events: SandboxEvents
  #retry: NodeJS.Timeout | undefined

  constructor(record: SandboxRecord, deps: SandboxDeps, events: SandboxEvents) {
    this.deps = deps
    this.record = new RecordKeeper(record, deps.journal)
    this.logger = deps.logger.child({ sandbox: record.spec.id })
    this.holdings = new Holdings(this.logger)
    this.queue = new TaskQueue((error) => this.logger.error({ err: error }, "work on the sandbox failed"))
    this.#events = events
  }

  get id(): SandboxId {
    return this.record.current.spec.id
  }

  get status(): SandboxRecord["status"] {
    return this.record.current.status
  }

  changed(): void {
    this.#events.onChange()
  }

  /** Changes the record in this process and tells of it */
  announce(change: Partial<SandboxRecord>): void {
    this.record.note(change)
    this.changed()
  }

  /** Raises `wrong_state` unless the action is allowed in the sandbox's status */
  requireStatus(action: SandboxAction): void {
    const { status } = this
    if (canDo(action, status) && !this.isForgotten) return
    throw new PlatformError("wrong_state", `the sandbox is ${status}`, { details: { status } })
  }

  /** The machine of a sandbox that runs. Raises `wrong_state` as `requireStatus` does. */
  requireMachine(action: SandboxAction): Machine {
    this.requireStatus(action)
    const { machine } = this.holdings
    if (machine !== undefined && !this.over.signal.aborted) return machine
    throw new PlatformError("wrong_state", "the sandbox is ending", { details: { status: this.status } })
  }

  newSteps(): Steps {
    return new Steps(this.deps.stepObserver)
  }

  planStart(steps: Steps): Omit<MachineStart, "spec"> {
    return {
      directory: this.record.directory,
      steps,
      signal: this.over.signal,
      onHold: async (held: HeldResource) => {
        if ("vmm" in held) return await this.record.write({ ...held, disk: "written" })
        this.holdings.slot = held.slot
        await this.record.write({ slot: held.slot.addresses.slot })
      },
    }
  }

  /** The last step of every start */
  async publish(machine: Machine, steps: Steps, change: Partial<SandboxRecord>): Promise<void> {
    await steps.run("publish", async () => {
      this.over.signal.throwIfAborted()
      await requireAlive(machine.vm)
      await this.record.write({ ...change, status: "running", reason: "", startSteps: [...steps.timings] })
    })
    this.hold(machine)
    this.logger.info({ steps: steps.timings }, "running")
    this.changed()
  }

  /** Takes a machine that runs */
  hold(machine: Machine): void {
    this.holdings.machine = machine
    this.holdings.slot = machine.slot
    void machine.vm.ended.then((end) =>
      this.queue.background(async () => await this.#events.onVmEnded(machine, end)),
    )
    this.startLifetime()
  }

  /** Frees what the sandbox holds. May be repeated until it succeeds. */
  async free(options: { readonly keepDisk: boolean }): Promise<void> {
    await this.holdings.free(async () => await this.deps.removeLeftovers(this.record.current, options))
    this.record.noteFreed()
  }

  startLifetime(): void {
    this.endLifetime()
    this.lifetime = new Lifetime({
      timeoutSec: this.record.current.spec.timeoutSec,
      onOver: () => this.queue.background(this.#events.onTimeout),
      onMoved: () => this.changed(),
    })
  }

  endLifetime(): void {
    this.lifetime?.[Symbol.dispose]()
    this.lifetime = undefined
  }

  /** Puts work into the queue later, in place of what was to be done later before */
  retryLater(delayMs: number, work: () => Promise<void>): void {
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.queue.background(work), delayMs).unref()
  }

  cancelRetry(): void {
    clearTimeout(this.#retry)
  }

  /** Removes the record: nothing is left of the sandbox */
  async forget(): Promise<void> {
    await this.record.remove()
    this.isForgotten = true
    this.#events.onForgotten()
    this.deps.snapshots.sweepSoon()
  }
}
