import { PlatformError, type OnTimeout, type SandboxId } from "@thaw/model"

import type { GuestClient } from "../guest/guest-client.ts"
import type { EnvPair } from "../guest/protocol/request.ts"
import type { NamedTemplate } from "../snapshot/name-registry.ts"
import type { VmEnd } from "../vmm/vmm.ts"
import { createSandbox } from "./create-sandbox.ts"
import { endByItself, readFailure, takeDown } from "./end-sandbox.ts"
import type { Machine } from "./machine.ts"
import { pauseSandbox, runOn, settlePaused, settleSoon } from "./pause-sandbox.ts"
import { makeGuestToken } from "./plan-identity.ts"
import { resumeSandbox } from "./resume-sandbox.ts"
import { SandboxCore } from "./sandbox-core.ts"
import type { SandboxDeps, SandboxListener } from "./sandbox-deps.ts"
import type { SandboxRecord } from "./sandbox-record.ts"
import type { SandboxSpec } from "./sandbox-spec.ts"
import { snapshotPaused, snapshotRunning, type SnapshotRequest } from "./snapshot-machine.ts"

const TIMEOUT_REASON = "timeout reached"

/** A way to the guest of a running sandbox. Disposing it ends an activity, from which the sandbox's timeout counts. */
export interface GuestAccess extends Disposable {
  readonly guest: GuestClient
  /** Aborts when the sandbox is no longer running */
  readonly signal: AbortSignal
}

/**
 * The driver of one sandbox: the only one that changes it.
 *
 * ```
 * starting → running ⇄ pausing → paused → resuming → running
 *     ↓         ↓ VM over, timeout            ↓ destroy
 *  forgotten  error, stopped (remembered with the reason until it is destroyed) → forgotten
 * ```
 *
 * Requests and events enter a queue and are applied one at a time. `running` and `pausing` hold a `Machine`; every other status holds nothing
 * but the disk, and what the record names while it is being taken down. The record on disk goes ahead of every effect.
 */
export class Sandbox {
  readonly #core: SandboxCore

  private constructor(record: SandboxRecord, deps: SandboxDeps, listener: SandboxListener) {
    this.#core = new SandboxCore(record, deps, {
      onChange: () => listener.onChange(this),
      onForgotten: () => listener.onForgotten(this),
      onVmEnded: async (machine, end) => await this.#onVmEnded(machine, end),
      onTimeout: async () => await this.#onTimeout(),
    })
  }

  /** A sandbox that does not exist yet; `create` makes it */
  static fresh(spec: SandboxSpec, deps: SandboxDeps, listener: SandboxListener): Sandbox {
    const now = Date.now()
    const record: SandboxRecord = {
      formatVersion: 2,
      spec,
      status: "starting",
      reason: "",
      createdAtMs: now,
      changedAtMs: now,
      guestToken: makeGuestToken(),
      startSteps: [],
      layers: [],
      diskBytes: 0,
      disk: "open",
    }
    return new Sandbox(record, deps, listener)
  }

  /** A sandbox from an earlier host agent's record; with the machine that still runs, or without */
  static recovered(
    record: SandboxRecord,
    machine: Machine | undefined,
    deps: SandboxDeps,
    listener: SandboxListener,
  ): Sandbox {
    const sandbox = new Sandbox(record, deps, listener)
    if (machine !== undefined) sandbox.#core.hold(machine)
    return sandbox
  }

  get record(): SandboxRecord {
    return this.#core.record.current
  }

  get id(): SandboxId {
    return this.#core.id
  }

  /** Address at which the host reaches the guest; empty unless running */
  get hostIp(): string {
    return this.#core.holdings.machine?.slot.addresses.hostReachableIp ?? ""
  }

  /** When its time is over unless something happens in it, Unix time in ms; 0: never */
  get expiresAtMs(): number {
    return this.#core.lifetime?.expiresAtMs ?? 0
  }

  /** Bytes the disk occupies beyond what it was made from; 0 without a disk */
  async rootfsBytes(): Promise<number> {
    return await this.#core.deps.rootfs.usageBytes(this.#core.record.directory)
  }

  /** Restores the sandbox from its template's frozen VM. A failure leaves nothing and forgets it. */
  async create(env: readonly EnvPair[]): Promise<void> {
    await this.#core.queue.run(async () => await createSandbox(this.#core, env))
  }

  /**
   * Freezes the sandbox to disk and frees all else. A failure leaves it running; a paused one stays as it is.
   *
   * @throws {PlatformError} `wrong_state`; `capacity_exhausted` when the disk is full
   */
  async pause(): Promise<void> {
    const request = { reason: "", requestedAtMs: performance.now() }
    await this.#core.queue.run(async () => await pauseSandbox(this.#core, request))
  }

  /**
   * Restores a paused sandbox. A failure leaves it paused; a running one stays as it is.
   *
   * @throws {PlatformError} `wrong_state`, `capacity_exhausted`, `data_loss`, `deadline_exceeded`
   */
  async resume(): Promise<void> {
    await this.#core.queue.run(async () => await resumeSandbox(this.#core))
  }

  /**
   * Freezes a running or paused sandbox into a template; it keeps its status.
   *
   * @throws {PlatformError} `wrong_state`, `already_exists`, `capacity_exhausted`
   */
  async snapshot(request: SnapshotRequest): Promise<NamedTemplate> {
    return await this.#core.queue.run(async () => await this.#snapshot(request))
  }

  /** Changes how long the sandbox lives; its time starts anew */
  async update(change: { readonly timeoutSec?: number; readonly onTimeout?: OnTimeout }): Promise<void> {
    const core = this.#core
    await core.queue.run(async () => {
      core.requireStatus("update")
      await core.record.write({ spec: { ...this.record.spec, ...change } })
      core.lifetime?.restart(this.record.spec.timeoutSec)
      core.changed()
    })
  }

  /** Ends the sandbox, also one that is being created, and forgets it */
  async destroy(): Promise<void> {
    const core = this.#core
    core.over.abort(new PlatformError("wrong_state", "the sandbox was destroyed"))
    await core.queue.run(async () => {
      if (core.isForgotten) return
      core.logger.info("destroy")
      await takeDown(core, "stopped", "destroyed")
      await core.forget()
    })
  }

  /** Brings a paused sandbox that an earlier host agent left to hold nothing but its disk */
  async settle(): Promise<void> {
    await this.#core.queue.run(async () => await settleSoon(this.#core))
  }

  /** The guest of a running sandbox. Raises `wrong_state` for any other status. */
  access(action: "exec" | "files"): GuestAccess {
    const core = this.#core
    const { guest } = core.requireMachine(action)
    const activity = core.lifetime?.hold()
    return { guest, signal: core.over.signal, [Symbol.dispose]: () => activity?.[Symbol.dispose]() }
  }

  /** Ends a running sandbox that cannot go on, remembered with the reason */
  giveUp(reason: string): void {
    this.#core.queue.background(async () => {
      if (this.record.status === "running") await endByItself(this.#core, "error", reason)
    })
  }

  /** Waits for the work in hand, then lets go of the VM, which runs on. A start under way is called off. */
  async detach(): Promise<void> {
    const core = this.#core
    if (core.holdings.machine === undefined) {
      core.over.abort(new PlatformError("unavailable", "the host agent is shutting down"))
    }
    await core.queue.run(() => {
      core.cancelRetry()
      core.endLifetime()
      core.holdings.machine?.detach()
      return Promise.resolve()
    })
  }

  async #snapshot(request: SnapshotRequest): Promise<NamedTemplate> {
    const core = this.#core
    core.requireStatus("snapshot")
    const steps = core.newSteps()
    try {
      const { record } = this
      const { machine } = core.holdings
      if (machine === undefined || record.status === "paused") {
        await settlePaused(core)
        return await snapshotPaused(core.deps, { record, request, steps })
      }
      const letRunOn = async () => await runOn(core, machine)
      return await snapshotRunning(core.deps, { record, machine, request, steps, runOn: letRunOn })
    } catch (error) {
      const { machine } = core.holdings
      if (machine !== undefined && core.status === "running") await runOn(core, machine)
      // It may have been published before it could not be named.
      core.deps.snapshots.sweepSoon()
      throw error
    } finally {
      core.logger.info({ name: request.name, steps: steps.timings }, "snapshot")
    }
  }

  async #onVmEnded(machine: Machine, end: VmEnd): Promise<void> {
    const core = this.#core
    if (this.record.status !== "running" || core.holdings.machine !== machine) return
    const failure = await readFailure(core)
    core.logger.warn({ reason: end.reason, failure, consoleTail: end.consoleTail }, "VM ended")
    await endByItself(core, "error", failure ?? end.reason)
  }

  async #onTimeout(): Promise<void> {
    const core = this.#core
    // While it was in the queue, something may have begun.
    if (this.record.status !== "running" || core.lifetime?.confirmOver() !== true) return
    core.logger.info("timeout reached")
    if (this.record.spec.onTimeout === "destroy") return await endByItself(core, "stopped", TIMEOUT_REASON)
    try {
      await pauseSandbox(core, { reason: TIMEOUT_REASON, requestedAtMs: performance.now() })
    } finally {
      // A sandbox that could not be paused gets its time once more.
      if (core.status === "running") core.lifetime?.restart(this.record.spec.timeoutSec)
    }
  }
}
