import type { FillResult, Userfaultfd } from "@thaw/linux"

import type { MemorySource, MemoryRun } from "../page-source/memory-source.ts"
import type { IntervalSet } from "./interval-set.ts"
import { PAGE_BYTES, type MemoryRegions } from "./memory-regions.ts"

export interface PageFillerParts {
  readonly uffd: Userfaultfd
  readonly regions: MemoryRegions
  readonly source: MemorySource
  /** Memory offsets that are zero whatever the source says */
  readonly removed: IntervalSet
  /** Lent by the worker, which serves one VM at a time */
  readonly buffer: Buffer
}

export interface FillOutcome {
  /** From the start of the range: there now, by this call or before */
  readonly doneBytes: number
  /** `again`: to be tried once the events that wait are read */
  readonly outcome: FillResult["outcome"]
}

interface Piece {
  readonly address: number
  readonly lengthBytes: number
  /** Where it is stored; undefined: zero */
  readonly stored: Pick<MemoryRun, "build" | "buildOffsetBytes"> | undefined
}

/** Puts a VM's memory where it is missing, from what it was restored from */
export class PageFiller {
  readonly #parts: PageFillerParts
  pagesCopied = 0
  pagesZeroed = 0

  constructor(parts: PageFillerParts) {
    this.#parts = parts
  }

  /**
   * Fills a range of memory; pages that are there stay as they are, and who waits for them is woken.
   *
   * @throws {PlatformError} `data_loss` when the source is damaged; nothing of a damaged block gets into the VM
   */
  fill(offsetBytes: number, lengthBytes: number): FillOutcome {
    let doneBytes = 0
    while (doneBytes < lengthBytes) {
      const piece = this.#planPiece(offsetBytes + doneBytes, lengthBytes - doneBytes)
      const filled = this.#fillPiece(piece)
      doneBytes += filled.doneBytes
      if (filled.outcome !== "done") return { doneBytes, outcome: filled.outcome }
    }
    return { doneBytes, outcome: "done" }
  }

  /** The longest part from `offsetBytes` that comes from one place */
  #planPiece(offsetBytes: number, lengthBytes: number): Piece {
    const { regions, source, removed, buffer } = this.#parts
    const place = regions.locate(offsetBytes)
    if (place === undefined) throw new RangeError(`the VMM has no memory at offset ${offsetBytes}`)
    const { address } = place
    const mark = removed.runFrom(offsetBytes)
    const mostBytes = Math.min(lengthBytes, place.runBytes, mark.end - offsetBytes)
    if (mark.isMarked) return { address, lengthBytes: mostBytes, stored: undefined }
    const run = source.runAt(offsetBytes, mostBytes)
    if (run.build === undefined) return { address, lengthBytes: run.lengthBytes, stored: undefined }
    return { address, lengthBytes: Math.min(run.lengthBytes, buffer.length), stored: run }
  }

  #fillPiece({ address, lengthBytes, stored }: Piece): FillOutcome {
    const { uffd, buffer } = this.#parts
    stored?.build?.readVerified(stored.buildOffsetBytes, lengthBytes, buffer)
    let doneBytes = 0
    while (doneBytes < lengthBytes) {
      const leftBytes = lengthBytes - doneBytes
      const { copiedBytes, outcome } =
        stored === undefined
          ? uffd.zero(address + doneBytes, leftBytes)
          : uffd.copy(address + doneBytes, buffer, leftBytes, doneBytes)
      if (stored === undefined) this.pagesZeroed += copiedBytes / PAGE_BYTES
      else this.pagesCopied += copiedBytes / PAGE_BYTES
      doneBytes += copiedBytes
      if (outcome === "done" || (outcome === "again" && copiedBytes > 0)) continue
      if (outcome !== "exists") return { doneBytes, outcome }
      // Whoever asked for it before it came still sleeps.
      uffd.wake(address + doneBytes, PAGE_BYTES)
      doneBytes += PAGE_BYTES
    }
    return { doneBytes, outcome: "done" }
  }
}
