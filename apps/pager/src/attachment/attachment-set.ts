import type { ProcessIdentity } from "@thaw/linux"
import { PlatformError } from "@thaw/model"
import type { Logger } from "pino"

import { FaultServer } from "../fault-server/fault-server.ts"
import type { Interval } from "../fault-server/interval-set.ts"
import { deserializeError } from "../fault-server/serialize-error.ts"
import type { WorkerLink } from "../fault-server/worker-link.ts"
import { NO_STATS, type AttachSpec, type VmEvent, type VmStats } from "../fault-server/worker-messages.ts"
import { writeWorkingSet } from "../working-set/working-set-file.ts"
import { Attachment } from "./attachment.ts"
import {
  readAttachmentRecords,
  removeAttachmentRecord,
  type AttachmentRecord,
  type FoundRecord,
} from "./attachment-record.ts"
import { endStuckVmm } from "./end-stuck-vmm.ts"
import { FailureFeed, type VmFailure } from "./failure-feed.ts"
import { killProcess } from "./open-process.ts"

export interface AttachmentSetOptions {
  readonly attachmentsDir: string
  readonly handshakeTimeoutMs: number
  readonly bootId: string
  readonly logger: Logger
  /** Half a pager is worse than none: the process is to end */
  readonly onWorkerDeath: (reason: Error) => void
}

export interface DetachResult {
  readonly stats: VmStats
  readonly failure: PlatformError | undefined
}

/** VMs that have ended and that nobody detached; the oldest are forgotten */
const ENDED_MAX = 1024

/** All VMs of this pager: those it serves, and those that ended and that nobody asked about yet */
export class AttachmentSet implements AsyncDisposable {
  readonly #options: AttachmentSetOptions
  readonly #faultServer: FaultServer
  readonly #attachments = new Map<string, Attachment>()
  readonly #feed = new FailureFeed()

  constructor(options: AttachmentSetOptions) {
    this.#options = options
    this.#faultServer = new FaultServer({
      settings: {
        attachmentsDir: options.attachmentsDir,
        handshakeTimeoutMs: options.handshakeTimeoutMs,
        bootId: options.bootId,
      },
      onEvent: (event) => this.#handle(event),
      onDeath: options.onWorkerDeath,
      onStuck: (worker, pidfd) => this.#endStuck(worker, pidfd),
    })
  }

  /** Of VMs that are served, or about to be */
  get liveIds(): string[] {
    return [...this.#attachments.values()].filter(({ isEnded }) => !isEnded).map(({ id }) => id)
  }

  get watcherCount(): number {
    return this.#feed.watcherCount
  }

  /**
   * Gets ready for a VMM; its socket can be connected to when this returns.
   *
   * @throws {PlatformError} `already_exists` while a VM of that id is attached; `data_loss` naming what is damaged
   */
  async attach(spec: AttachSpec): Promise<void> {
    const before = this.#attachments.get(spec.id)
    if (before !== undefined && !before.isEnded) {
      throw new PlatformError("already_exists", `the VM "${spec.id}" is attached already`)
    }
    const attachment = new Attachment(spec.id, this.#faultServer.acquireWorker())
    this.#remember(attachment)
    try {
      await attachment.worker.call("attach", spec)
    } catch (error) {
      this.#forget(attachment, PlatformError.from(error))
      throw error
    }
  }

  /** Waits until a VM's memory is handed over and its working set is in place */
  async awaitReady(id: string, timeoutMs: number): Promise<VmStats> {
    const attachment = this.#find(id)
    const timeout = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      timeout.reject(
        new PlatformError(
          "deadline_exceeded",
          `the VM "${id}" did not hand its memory over within ${timeoutMs} ms`,
        ),
      )
    }, timeoutMs)
    try {
      await Promise.race([attachment.ready, timeout.promise])
    } finally {
      clearTimeout(timer)
    }
    return attachment.stats
  }

  /** Ends the recording of a VM's working set and writes it, unless another VM of the same snapshot was first */
  async endRecording(id: string): Promise<number> {
    const recorded = await this.#find(id).worker.call("endRecording", id)
    if (recorded === undefined) return 0
    await writeWorkingSet(recorded.path, recorded.pages)
    return recorded.pages.length
  }

  /** What a living VM's guest gave back, by memory offset */
  async removedRanges(id: string): Promise<readonly Interval[]> {
    return await this.#find(id).worker.call("removedRanges", id)
  }

  /** Stops serving a VM and forgets it; one that is unknown is fine */
  async detach(id: string): Promise<DetachResult> {
    const attachment = this.#attachments.get(id)
    if (attachment === undefined) return { stats: NO_STATS, failure: undefined }
    const stats = await this.#detachFromWorker(attachment)
    this.#forget(attachment, new PlatformError("unavailable", `the VM "${id}" was detached`))
    return { stats, failure: attachment.failure }
  }

  /** Yields the failures nobody detached yet, then each new one */
  watchFailures(signal: AbortSignal): AsyncGenerator<VmFailure> {
    const known = [...this.#attachments.values()].flatMap(({ id, failure }) =>
      failure === undefined ? [] : [{ id, reason: failure.message }],
    )
    return this.#feed.watch(known, signal)
  }

  /** Takes over every VM of the pager that was here before, and waits until all workers are up */
  async adoptAll(): Promise<void> {
    const found = readAttachmentRecords(this.#options.attachmentsDir)
    await Promise.all([this.#faultServer.untilUp(), ...found.map(async (each) => await this.#takeOver(each))])
  }

  /** Ends the workers; VMs wait for the next pager */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#faultServer[Symbol.asyncDispose]()
  }

  /** A VM that cannot be taken over is ended and told of, and no other one is touched */
  async #takeOver({ id, path, record, loose, failure }: FoundRecord): Promise<void> {
    const isOfThisBoot = loose === undefined || loose.bootId === this.#options.bootId
    try {
      if (isOfThisBoot) {
        if (failure !== undefined) throw failure
        if (record === undefined)
          throw new PlatformError("data_loss", "the pager's record of the VM cannot be read")
        if (await this.#adopt(record)) return
      }
    } catch (error) {
      this.#giveUp(id, loose?.vmm, PlatformError.from(error))
    }
    removeAttachmentRecord(path)
  }

  #giveUp(id: string, vmm: ProcessIdentity | undefined, reason: PlatformError): void {
    const { logger } = this.#options
    try {
      if (vmm !== undefined) killProcess(vmm)
    } catch (error) {
      logger.error({ id, pid: vmm?.pid, err: error }, "VMM that is not served cannot be killed")
    }
    const attachment = this.#attachments.get(id) ?? new Attachment(id, this.#faultServer.acquireWorker())
    attachment.markFailed(reason, NO_STATS)
    attachment.markEnded(reason, NO_STATS)
    this.#remember(attachment)
    logger.error(
      { id, code: reason.code, internal: reason.internal, err: reason.cause },
      `VM not taken over: ${reason.message}`,
    )
    this.#feed.publish({ id, reason: reason.message })
  }

  #endStuck(worker: WorkerLink, pidfd: number): void {
    const stuck = [...this.#attachments.values()].find(
      (each) => each.worker === worker && each.pidfd === pidfd,
    )
    try {
      endStuckVmm(this.#options.attachmentsDir, stuck?.id, pidfd)
    } catch (error) {
      this.#options.logger.error(
        { id: stuck?.id, err: error },
        "VM that holds a fault worker up cannot be noted",
      )
    }
    this.#options.onWorkerDeath(new Error(`a fault worker is held up by the VM "${stuck?.id}"`))
  }

  async #adopt(record: AttachmentRecord): Promise<boolean> {
    const attachment = new Attachment(record.id, this.#faultServer.acquireWorker())
    this.#remember(attachment)
    if (await attachment.worker.call("adopt", record)) {
      this.#options.logger.info({ id: record.id, pid: record.vmm.pid }, "VM adopted")
      return true
    }
    this.#forget(attachment, gone(record.id))
    return false
  }

  async #detachFromWorker(attachment: Attachment): Promise<VmStats> {
    if (attachment.isEnded) return attachment.stats
    try {
      return await attachment.worker.call("detach", attachment.id)
    } catch (error) {
      // It has ended in the meantime.
      if (error instanceof PlatformError && error.code === "not_found") return attachment.stats
      throw error
    }
  }

  #find(id: string): Attachment {
    const attachment = this.#attachments.get(id)
    if (attachment === undefined) throw new PlatformError("not_found", `no VM "${id}" is attached`)
    return attachment
  }

  #remember(attachment: Attachment): void {
    this.#attachments.delete(attachment.id)
    this.#attachments.set(attachment.id, attachment)
    const ended = [...this.#attachments.values()].filter(({ isEnded }) => isEnded)
    for (const { id } of ended.slice(0, Math.max(0, ended.length - ENDED_MAX))) this.#attachments.delete(id)
  }

  #forget(attachment: Attachment, reason: PlatformError): void {
    attachment.markEnded(reason, attachment.stats)
    if (this.#attachments.get(attachment.id) === attachment) this.#attachments.delete(attachment.id)
  }

  #handle(event: VmEvent): void {
    const { logger } = this.#options
    const { id } = event
    const attachment = this.#attachments.get(id)
    if (event.kind === "warning") return logger.warn({ id }, event.message)
    if (attachment === undefined) return
    switch (event.kind) {
      case "connected":
        attachment.markConnected(event.pidfd)
        break
      case "ready":
        attachment.markReady(event.stats)
        logger.info({ id, ...event.stats }, "VM ready")
        break
      case "failed": {
        const error = deserializeError(event.error)
        attachment.markFailed(error, event.stats)
        logger.error({ id, code: error.code, internal: error.internal }, `VM failed: ${error.message}`)
        this.#feed.publish({ id, reason: error.message })
        break
      }
      case "ended":
        attachment.markEnded(gone(id), event.stats)
        logger.info({ id, ...event.stats }, "VM ended")
        break
    }
  }
}

function gone(id: string): PlatformError {
  return new PlatformError("unavailable", `the VMM of "${id}" has ended`)
}
