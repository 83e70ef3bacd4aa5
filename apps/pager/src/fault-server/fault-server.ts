import { availableParallelism } from "node:os"

import { WorkerLink, type WorkerLinkOptions } from "./worker-link.ts"

const WORKERS_MAX = 4

/** A place in a worker for one VM; giving it back twice is fine */
export interface WorkerLease extends Disposable {
  readonly worker: WorkerLink
}

interface CountedWorker {
  readonly link: WorkerLink
  vmCount: number
}

/** The worker threads that serve page faults: each VM belongs to one of them, which had the fewest when it came */
export class FaultServer implements AsyncDisposable {
  readonly #workers: readonly CountedWorker[]

  constructor(options: WorkerLinkOptions) {
    const count = Math.min(WORKERS_MAX, availableParallelism())
    this.#workers = Array.from({ length: count }, () => ({ link: new WorkerLink(options), vmCount: 0 }))
  }

  /** Waits until every worker can take calls; calls made before wait likewise */
  async untilUp(): Promise<void> {
    await Promise.all(this.#workers.map(async ({ link }) => await link.call("hello", undefined)))
  }

  /** Takes a place in the worker that has the fewest VMs */
  acquireWorker(): WorkerLease {
    const worker = this.#workers.reduce((least, each) => (each.vmCount < least.vmCount ? each : least))
    worker.vmCount++
    let isHeld = true
    return {
      worker: worker.link,
      [Symbol.dispose]: () => {
        if (isHeld) worker.vmCount--
        isHeld = false
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map(async ({ link }) => await link[Symbol.asyncDispose]()))
  }
}
