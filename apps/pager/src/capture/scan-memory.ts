import { MIB } from "@thaw/model"
import { BLOCK_BYTES, DirtySet, type BlockRange } from "@thaw/snapshot-format"

import type { MemorySource } from "../page-source/memory-source.ts"
import type { BuildDraft } from "./build-draft.ts"
import type { MemoryFile } from "./memory-file.ts"
import { PageClassifier } from "./page-classifier.ts"
import { clipRanges } from "./removed-ranges.ts"

const CHUNK_BYTES = MIB

export interface ScanInput {
  readonly memory: MemoryFile
  /** undefined for a VM that was booted */
  readonly parent: MemorySource | undefined
  /** In order: memory that is zero where it is not in the file */
  readonly removed: readonly BlockRange[]
  /** Called before each chunk; what it throws ends the scan */
  readonly check: () => void
}

export interface ScanResult {
  readonly dirty: DirtySet
  readonly pagesScanned: number
}

/**
 * Finds what differs from the parent, and appends the data among it to the build.
 *
 * - in the file and as in the parent: clean, also when it was only read
 * - in the file and zero, but not so in the parent: zero
 * - in the file and anything else: data
 * - a hole that was removed: zero
 * - any other hole: as in the parent, or zero without one
 */
export function scanMemory({ memory, parent, removed, check }: ScanInput, build: BuildDraft): ScanResult {
  const dirty = new DirtySet()
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  const classifier = new PageClassifier(parent, CHUNK_BYTES)
  let scannedBytes = 0
  let holeStart = 0
  for (const extent of memory.extents()) {
    const extentEnd = extent.offsetBytes + extent.lengthBytes
    addRemoved(dirty, parent, clipRanges(removed, holeStart, extent.offsetBytes))
    holeStart = extentEnd
    for (let at = extent.offsetBytes; at < extentEnd; at += CHUNK_BYTES) {
      check()
      const lengthBytes = Math.min(CHUNK_BYTES, extentEnd - at)
      memory.read(at, lengthBytes, chunk)
      classifier.classify(chunk.subarray(0, lengthBytes), at, (kind, chunkOffset, runBytes) => {
        if (kind === "zero") dirty.addZero(at + chunkOffset, runBytes)
        if (kind !== "data") return
        dirty.addData(at + chunkOffset, runBytes)
        build.append(chunk, chunkOffset, runBytes)
      })
      scannedBytes += lengthBytes
    }
  }
  addRemoved(dirty, parent, clipRanges(removed, holeStart, memory.memoryBytes))
  return { dirty, pagesScanned: scannedBytes / BLOCK_BYTES }
}

/** What is zero in the parent already is clean */
function addRemoved(dirty: DirtySet, parent: MemorySource | undefined, ranges: readonly BlockRange[]): void {
  if (parent === undefined) return
  for (const { offsetBytes, lengthBytes } of ranges) {
    for (let done = 0; done < lengthBytes;) {
      const run = parent.runAt(offsetBytes + done, lengthBytes - done)
      if (run.build !== undefined) dirty.addZero(run.offsetBytes, run.lengthBytes)
      done += run.lengthBytes
    }
  }
}
