import type { PlatformError } from "@thaw/model"

import type { WorkerLease } from "../fault-server/fault-server.ts"
import type { WorkerLink } from "../fault-server/worker-link.ts"
import { NO_STATS, type VmStats } from "../fault-server/worker-messages.ts"

/**
 * One VM as the main thread knows it.
 *
 *     waiting → ready → ended
 *        └────────┴───→ failed → (VMM gone) ended
 */
export class Attachment {
  readonly id: string
  readonly #lease: WorkerLease
  readonly #ready = Promise.withResolvers<void>()
  #pidfd: number | undefined
  #failure: PlatformError | undefined
  #stats = NO_STATS
  #isEnded = false

  constructor(id: string, lease: WorkerLease) {
    this.id = id
    this.#lease = lease
    // Nobody has to ask.
    this.#ready.promise.catch(() => undefined)
  }

  get worker(): WorkerLink {
    return this.#lease.worker
  }

  /** Settles when the VM's memory and working set are in place, or never will be */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Of its VMM, while the worker has it open */
  get pidfd(): number | undefined {
    return this.#pidfd
  }

  /** Why the pager ended the VM */
  get failure(): PlatformError | undefined {
    return this.#failure
  }

  /** As of the last thing that happened to it */
  get stats(): VmStats {
    return this.#stats
  }

  /** Whether nothing of it is left in its worker */
  get isEnded(): boolean {
    return this.#isEnded
  }

  markConnected(pidfd: number): void {
    this.#pidfd = pidfd
  }

  markReady(stats: VmStats): void {
    this.#stats = stats
    this.#ready.resolve()
  }

  markFailed(error: PlatformError, stats: VmStats): void {
    this.#failure ??= error
    this.#stats = stats
    this.#ready.reject(error)
  }

  /** @param reason Who waits for it to get ready is told */
  markEnded(reason: PlatformError, stats: VmStats): void {
    this.#isEnded = true
    this.#pidfd = undefined
    this.#stats = stats
    this.#ready.reject(reason)
    this.#lease[Symbol.dispose]()
  }
}
