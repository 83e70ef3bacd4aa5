import { MIB, PlatformError } from "@thaw/model"
import {
  BLOCK_BYTES,
  encodeHeader,
  parseBuildId,
  planCompaction,
  type CompactionCopy,
} from "@thaw/snapshot-format"

import { BuildReader } from "../page-source/build-reader.ts"
import { readHeaderFile } from "../page-source/header-file.ts"
import { BuildDraft } from "./build-draft.ts"
import { toCaptureError } from "./capture-error.ts"
import { publishCapture } from "./publish-capture.ts"

const CHUNK_BYTES = MIB

export interface CompactRequest {
  readonly headerPath: string
  readonly buildsDir: string
  readonly mergeBuildIds: readonly string[]
  /** Of the new build */
  readonly buildId: string
  /** May be `headerPath`, which is then replaced */
  readonly newHeaderPath: string
}

export interface CompactResult {
  readonly dataPages: number
  /** What build and header occupy on disk */
  readonly bytesWritten: number
}

/**
 * Writes one build with all that a header names in some builds, and a header of equal content that names it instead; both, or nothing.
 *
 * The builds merged stay, for who else names them. Every block is checked as it is read. When the header names none of them there is no build file.
 *
 * @param isCanceled Asked before each chunk
 * @throws {PlatformError} `capacity_exhausted` when the disk is full; `data_loss` when a build cannot be read; `canceled`
 */
export function compactMemory(
  request: CompactRequest,
  isCanceled: () => boolean = () => false,
): CompactResult {
  try {
    return writeCompaction(request, isCanceled)
  } catch (error) {
    throw toCaptureError(error, "compacted memory snapshot")
  }
}

function writeCompaction(request: CompactRequest, isCanceled: () => boolean): CompactResult {
  using stack = new DisposableStack()
  const { headerPath, buildsDir, mergeBuildIds, newHeaderPath } = request
  const merge = new Set(mergeBuildIds.map((id) => parseBuildId(id)))
  const buildId = parseBuildId(request.buildId)
  const plan = planCompaction(readHeaderFile(headerPath), { merge, buildId })
  const sources = new Map(
    Array.from(new Set(plan.copies.map(({ build }) => build)), (build) => [
      build,
      stack.use(BuildReader.open(buildsDir, build)),
    ]),
  )
  const build = stack.use(new BuildDraft(buildsDir, buildId))
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  const check = () => {
    if (isCanceled()) throw new PlatformError("canceled", "the compaction was canceled")
  }
  for (const copy of plan.copies) copyBlocks(copy, sources.get(copy.build), { build, chunk, check })
  const copiedBytes = plan.copies.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
  const bytesWritten = publishCapture(build, encodeHeader(plan.header), newHeaderPath)
  return { dataPages: copiedBytes / BLOCK_BYTES, bytesWritten }
}

function copyBlocks(
  copy: CompactionCopy,
  source: BuildReader | undefined,
  { build, chunk, check }: { build: BuildDraft; chunk: Buffer; check: () => void },
): void {
  for (let done = 0; done < copy.lengthBytes; done += CHUNK_BYTES) {
    check()
    const lengthBytes = Math.min(CHUNK_BYTES, copy.lengthBytes - done)
    source?.readVerified(copy.buildOffsetBytes + done, lengthBytes, chunk)
    build.append(chunk, 0, lengthBytes)
  }
}
