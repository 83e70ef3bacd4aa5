import { PlatformError } from "@thaw/model"
import { BLOCK_BYTES, encodeHeader, mergeHeader, parseBuildId, type BlockRange } from "@thaw/snapshot-format"

import { MemorySource } from "../page-source/memory-source.ts"
import { BuildDraft } from "./build-draft.ts"
import { toCaptureError } from "./capture-error.ts"
import { MemoryFile } from "./memory-file.ts"
import { publishCapture } from "./publish-capture.ts"
import { planRemovedRanges } from "./removed-ranges.ts"
import { scanMemory } from "./scan-memory.ts"

export interface CaptureRequest {
  /** File with the memory of a VM that stands still; its holes are pages that are as in the parent, or zero without one */
  readonly memoryPath: string
  readonly memoryBytes: number
  /** Header of what the VM was restored from; undefined for one that was booted */
  readonly parentHeaderPath: string | undefined
  readonly buildsDir: string
  /** Of the new build */
  readonly buildId: string
  /** Where the new header goes */
  readonly headerPath: string
  /** Memory that was given back since the restore: zero where it is not in the file. In any order. */
  readonly removed: readonly BlockRange[]
}

export interface CaptureResult {
  readonly generation: number
  /** Pages in the file */
  readonly pagesScanned: number
  readonly dataPages: number
  /** Pages that are zero and were not so in the parent */
  readonly zeroPages: number
  /** What build and header occupy on disk */
  readonly bytesWritten: number
  /** Time to read, compare and write; time to make it durable */
  readonly scanMs: number
  readonly syncMs: number
}

/**
 * Writes the memory of a frozen VM as a build of what changed, and a header of all of it; both, or nothing.
 *
 * Without changed data there is no build file, and the header names none: its `buildId` is then only an identity.
 *
 * @param isCanceled Asked before each chunk
 * @throws {PlatformError} `capacity_exhausted` when the disk is full; `data_loss` when the parent cannot be read; `canceled`
 */
export function captureMemory(
  request: CaptureRequest,
  isCanceled: () => boolean = () => false,
): CaptureResult {
  try {
    return writeCapture(request, isCanceled)
  } catch (error) {
    throw toCaptureError(error, "memory snapshot")
  }
}

function writeCapture(request: CaptureRequest, isCanceled: () => boolean): CaptureResult {
  using stack = new DisposableStack()
  const startedAt = performance.now()
  const buildId = parseBuildId(request.buildId)
  const { memoryBytes, parentHeaderPath, buildsDir, headerPath } = request
  const memory = stack.use(MemoryFile.open(request.memoryPath, memoryBytes))
  const parent =
    parentHeaderPath === undefined ? undefined : stack.use(MemorySource.open(parentHeaderPath, buildsDir))
  if (parent !== undefined && parent.memoryBytes !== memoryBytes) {
    throw new PlatformError(
      "internal",
      `the VM has a memory of ${memoryBytes} bytes, what it was restored from has ${parent.memoryBytes}`,
    )
  }
  const build = stack.use(new BuildDraft(buildsDir, buildId))
  const removed = planRemovedRanges(request.removed, memoryBytes)
  const check = () => {
    if (isCanceled()) throw new PlatformError("canceled", "the memory snapshot was canceled")
  }
  const { dirty, pagesScanned } = scanMemory({ memory, parent, removed, check }, build)
  const header = mergeHeader(parent?.header, dirty, { memoryBytes, buildId })
  const scannedAt = performance.now()
  const bytesWritten = publishCapture(build, encodeHeader(header), headerPath)
  return {
    generation: header.generation,
    pagesScanned,
    dataPages: dirty.dataBytes / BLOCK_BYTES,
    zeroPages: dirty.zeroBytes / BLOCK_BYTES,
    bytesWritten,
    scanMs: scannedAt - startedAt,
    syncMs: performance.now() - scannedAt,
  }
}
