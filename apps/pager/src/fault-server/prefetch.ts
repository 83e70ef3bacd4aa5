import type { BlockRange } from "@thaw/snapshot-format"

import type { FillOutcome, PageFiller } from "./page-filler.ts"

/** Copies a working set into a VM, a chunk at a time, so that faults of other VMs wait for a chunk at most */
export class Prefetch {
  readonly #filler: PageFiller
  readonly #runs: BlockRange[]
  readonly #chunkBytes: number
  readonly #startedAtMs = performance.now()
  #tookMs = 0

  constructor(options: { filler: PageFiller; runs: readonly BlockRange[]; chunkBytes: number }) {
    this.#filler = options.filler
    this.#runs = options.runs.toReversed()
    this.#chunkBytes = options.chunkBytes
  }

  /** From its making to its end */
  get tookMs(): number {
    return this.#tookMs
  }

  get isDone(): boolean {
    return this.#runs.length === 0
  }

  /** Copies the next chunk; anything but `done` says why it could not, and the same is tried again next */
  step(): FillOutcome["outcome"] {
    const run = this.#runs.pop()
    if (run === undefined) return "done"
    const chunkBytes = Math.min(run.lengthBytes, this.#chunkBytes)
    const { doneBytes, outcome } = this.#filler.fill(run.offsetBytes, chunkBytes)
    const leftBytes = run.lengthBytes - doneBytes
    if (leftBytes > 0) this.#runs.push({ offsetBytes: run.offsetBytes + doneBytes, lengthBytes: leftBytes })
    this.#tookMs = performance.now() - this.#startedAtMs
    return outcome
  }
}
