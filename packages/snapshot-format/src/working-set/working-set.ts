import type { BlockRange } from "../block-range.ts"
import {
  CONTENT_OFFSET,
  SEAL_BYTES,
  beginEnvelope,
  checkSeal,
  readVersion,
  seal,
  truncated,
  unsupportedVersion,
  viewOf,
} from "../envelope/envelope.ts"
import type { Envelope } from "../envelope/envelope.ts"
import { checkMemoryBytes } from "../header/validate-header.ts"
import { BLOCK_BYTES, MEMORY_BYTES_MAX } from "../limits.ts"
import { SnapshotFormatError } from "../snapshot-format-error.ts"

/**
 * After magic, version and block size, little-endian:
 *
 *     16  4  u32 number of runs, R
 *     20     R × 8: u32 first page, u32 number of pages; ascending, with a gap before each
 *     -4  4  u32 CRC-32 of all before it
 */
const VERSION = 1
const RUNS_OFFSET = CONTENT_OFFSET + 4
const RUN_BYTES = 8
const WHAT = "working set"
const MAGIC = "THAWWSET"
const PAGES_MAX = MEMORY_BYTES_MAX / BLOCK_BYTES

/** The largest working set file of a memory; a reader checks a file's size against it before it reads the file */
export function workingSetBytesMax(memoryBytes: number): number {
  // A run and the gap after it take two pages.
  return fileBytes(Math.ceil(memoryBytes / BLOCK_BYTES / 2))
}

/**
 * Encodes the pages that a restore needed. Raises RangeError unless the page numbers ascend.
 *
 * @param pages Memory offsets in blocks
 */
export function encodeWorkingSet(pages: Iterable<number>): Uint8Array {
  const runs: { first: number; end: number }[] = []
  let last: { first: number; end: number } | undefined
  for (const page of pages) {
    const next = last?.end ?? 0
    if (!Number.isInteger(page) || page < next || page >= PAGES_MAX) {
      throw new RangeError(`page number is ${page}, expected ${next} to ${PAGES_MAX - 1}`)
    }
    if (last !== undefined && page === next) {
      last.end++
    } else {
      last = { first: page, end: page + 1 }
      runs.push(last)
    }
  }
  const bytes = new Uint8Array(fileBytes(runs.length))
  const view = viewOf(bytes)
  beginEnvelope(bytes, envelope(MEMORY_BYTES_MAX), VERSION)
  view.setUint32(CONTENT_OFFSET, runs.length, true)
  for (const [index, { first, end }] of runs.entries()) {
    view.setUint32(RUNS_OFFSET + index * RUN_BYTES, first, true)
    view.setUint32(RUNS_OFFSET + index * RUN_BYTES + 4, end - first, true)
  }
  return seal(bytes)
}

/** Decodes the runs of pages of a memory of `memoryBytes`. Raises SnapshotFormatError. */
export function decodeWorkingSet(bytes: Uint8Array, memoryBytes: number): readonly BlockRange[] {
  checkMemoryBytes(memoryBytes)
  const version = readVersion(bytes, envelope(memoryBytes))
  if (version !== VERSION) throw unsupportedVersion(WHAT, version, VERSION)
  if (bytes.length < fileBytes(0)) throw truncated(WHAT, bytes.length, fileBytes(0))
  const view = viewOf(bytes)
  const runCount = view.getUint32(CONTENT_OFFSET, true)
  checkSeal(bytes, WHAT, fileBytes(runCount))
  const runs: BlockRange[] = []
  let firstMin = 0
  for (let at = RUNS_OFFSET; runs.length < runCount; at += RUN_BYTES) {
    const first = view.getUint32(at, true)
    const pages = view.getUint32(at + 4, true)
    const end = first + pages
    if (pages === 0 || first < firstMin || end * BLOCK_BYTES > memoryBytes) {
      throw new SnapshotFormatError(
        "invalid",
        `working set has ${pages} pages at page ${first} of a memory of ${memoryBytes} bytes, where ${firstMin} is next`,
      )
    }
    runs.push({ offsetBytes: first * BLOCK_BYTES, lengthBytes: pages * BLOCK_BYTES })
    firstMin = end + 1
  }
  return runs
}

function envelope(memoryBytes: number): Envelope {
  return { what: WHAT, magic: MAGIC, bytesMax: workingSetBytesMax(memoryBytes) }
}

function fileBytes(runCount: number): number {
  return RUNS_OFFSET + runCount * RUN_BYTES + SEAL_BYTES
}
