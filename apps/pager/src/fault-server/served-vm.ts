import { closeDescriptor, type UffdEvent, type Userfaultfd } from "@thaw/linux"
import { PlatformError } from "@thaw/model"
import type { BlockRange } from "@thaw/snapshot-format"

import type { MemorySource } from "../page-source/memory-source.ts"
import type { Stepper } from "./fault-loop.ts"
import { IntervalSet, type Interval } from "./interval-set.ts"
import { LatencyHistogram } from "./latency-histogram.ts"
import { PAGE_BYTES, type MemoryRegions } from "./memory-regions.ts"
import { PageFiller } from "./page-filler.ts"
import { PageRecording } from "./page-recording.ts"
import { Prefetch } from "./prefetch.ts"
import type { VmStats } from "./worker-messages.ts"

export interface ServedVmParts {
  readonly uffd: Userfaultfd
  readonly regions: MemoryRegions
  readonly source: MemorySource
  /** By memory offset; grows as the guest gives memory back */
  readonly removed: IntervalSet
  readonly buffer: Buffer
  readonly isRecorded: boolean
  /** Copied in before `onPrefetched` */
  readonly workingSet: readonly BlockRange[]
  /** Told, at once and before anything else is served, by what `removed` has grown */
  readonly onRemoved: (ranges: readonly Interval[]) => void
  readonly onPrefetched: () => void
  /** Does the read of events that is its argument, so that others know of it */
  readonly duringRead: (read: () => readonly UffdEvent[]) => readonly UffdEvent[]
}

/** At least 256 KiB a copy, yet a fault of another VM never waits for more than a fraction of a millisecond */
const PREFETCH_CHUNK_BYTES = 512 * 1024
/** For a VMM in the middle of changing its address space, which takes microseconds */
const RETRY_MS = 1
/** Pieces of memory given back or unmapped; a guest gives back large ones */
const INTERVALS_MAX = 65_536

/**
 * The page faults of one VM.
 *
 * Everything here throws for what cannot be served; whoever calls it then ends the VM.
 */
export class ServedVm implements Stepper {
  readonly #parts: ServedVmParts
  readonly #filler: PageFiller
  readonly #latency = new LatencyHistogram()
  /** Addresses that the VMM took out of its address space */
  readonly #unmapped = new IntervalSet()
  #recording: PageRecording | undefined
  #prefetch: Prefetch | undefined
  #retries: number[] = []
  #retryAtMs = Infinity
  #faults = 0
  #pagesPrefetched = 0
  #prefetchMs = 0
  readonly #readEvents = () => this.#parts.uffd.readEvents()

  constructor(parts: ServedVmParts) {
    this.#parts = parts
    this.#filler = new PageFiller(parts)
    if (parts.isRecorded) this.#recording = new PageRecording()
    this.#prefetch = new Prefetch({
      filler: this.#filler,
      runs: parts.workingSet,
      chunkBytes: PREFETCH_CHUNK_BYTES,
    })
  }

  get nextStepAtMs(): number {
    if (this.#retries.length > 0) return this.#retryAtMs
    return this.#prefetch === undefined ? Infinity : 0
  }

  get stats(): VmStats {
    return {
      faults: this.#faults,
      pagesCopied: this.#filler.pagesCopied,
      pagesZeroed: this.#filler.pagesZeroed,
      pagesPrefetched: this.#pagesPrefetched,
      prefetchMs: this.#prefetchMs,
      faultUsP50: this.#latency.percentileUs(0.5),
      faultUsP99: this.#latency.percentileUs(0.99),
    }
  }

  /** Ends the recording; undefined when there is none, or none any more */
  takeRecording(): readonly number[] | undefined {
    const pages = this.#recording?.pages()
    this.#recording = undefined
    return pages
  }

  /**
   * Makes sure that the memory is registered, by filling the first page of each region: a VMM that forgot would read zeroes, and nobody would know.
   *
   * @throws {PlatformError} `invalid_argument` when it is not
   */
  requireRegistered(): void {
    for (const { offsetBytes } of this.#parts.regions.all) {
      if (this.#filler.fill(offsetBytes, PAGE_BYTES).outcome === "unmapped") throw notRegistered()
      this.#recording?.add(offsetBytes, PAGE_BYTES)
    }
  }

  /** Lets every thread that waits for a page fault again: the message of its fault may have gone to a pager that is dead */
  wakeAll(): void {
    for (const { address, lengthBytes } of this.#parts.regions.all)
      this.#parts.uffd.wake(address, lengthBytes)
  }

  /** Serves what waits at the userfaultfd */
  handleReadable(): void {
    const readAtMs = performance.now()
    const events = this.#parts.duringRead(this.#readEvents)
    this.#applyChanges(events)
    for (const event of events) if (event.kind === "pagefault") this.#serve(event.address, readAtMs)
  }

  step(): void {
    if (this.#retries.length > 0) {
      // The VMM's change of its address space is over once its event is read.
      this.handleReadable()
      const addresses = this.#retries
      this.#retries = []
      const nowMs = performance.now()
      for (const address of addresses) this.#serve(address, nowMs)
    } else if (this.#prefetch !== undefined) {
      this.#stepPrefetch(this.#prefetch)
    }
  }

  #stepPrefetch(prefetch: Prefetch): void {
    const before = this.#filler.pagesCopied + this.#filler.pagesZeroed
    const outcome = prefetch.step()
    this.#pagesPrefetched += this.#filler.pagesCopied + this.#filler.pagesZeroed - before
    if (outcome === "unmapped") throw notRegistered()
    if (outcome === "again") this.handleReadable()
    if (outcome !== "gone" && !prefetch.isDone) return
    this.#prefetchMs = prefetch.tookMs
    this.#prefetch = undefined
    this.#parts.onPrefetched()
  }

  /** Takes in what happened to the address space, before the faults that were read with it are served */
  #applyChanges(events: readonly UffdEvent[]): void {
    const removed = events.flatMap((event) =>
      event.kind === "remove" ? this.#parts.regions.toOffsets(event) : [],
    )
    if (removed.length > 0) this.#parts.onRemoved(removed)
    for (const { start, end } of removed) this.#parts.removed.add(start, end)
    for (const event of events) {
      if (event.kind === "unmap") this.#unmapped.add(event.start, event.end)
      if (event.kind === "fork") closeDescriptor(event.fd)
      if (event.kind === "fork" || event.kind === "remap") {
        throw new PlatformError("invalid_argument", `the VMM did what cannot be followed: ${event.kind}`)
      }
    }
    const pieces = this.#parts.removed.intervals.length + this.#unmapped.intervals.length
    if (pieces > INTERVALS_MAX) {
      throw new PlatformError(
        "capacity_exhausted",
        `the VM gave memory back in ${pieces} pieces, at most ${INTERVALS_MAX} can be remembered`,
      )
    }
  }

  #serve(address: number, readAtMs: number): void {
    const { uffd, regions } = this.#parts
    const pageAddress = address - (address % PAGE_BYTES)
    // Who waited there when it was unmapped is to find out.
    if (this.#unmapped.has(pageAddress)) return uffd.wake(pageAddress, PAGE_BYTES)
    const region = regions.find(pageAddress)
    if (region === undefined) {
      throw new PlatformError("invalid_argument", "the VMM asked for a page outside of the memory it named")
    }
    const offsetBytes = region.offsetBytes + pageAddress - region.address
    // The page alone: windows of 4 or 16 pages around it took up to 2.4 times the memory of a restore and made it at best a quarter faster. What
    // a restore is known to need is prefetched.
    const { outcome } = this.#filler.fill(offsetBytes, PAGE_BYTES)
    switch (outcome) {
      case "done":
        this.#faults++
        this.#latency.add((performance.now() - readAtMs) * 1000)
        this.#recording?.add(offsetBytes, PAGE_BYTES)
        break
      case "again":
        this.#retries.push(address)
        this.#retryAtMs = performance.now() + RETRY_MS
        break
      case "unmapped":
        uffd.wake(pageAddress, PAGE_BYTES)
        break
      // It ends, and its pidfd is going to say so.
      case "gone":
      case "exists":
        break
    }
  }
}

function notRegistered(): PlatformError {
  return new PlatformError("invalid_argument", "the VMM did not register the memory it named")
}
