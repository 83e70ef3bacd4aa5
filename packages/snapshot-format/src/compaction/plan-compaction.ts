import type { BuildId } from "../build-id.ts"
import { MappingBuilder } from "../header/mapping-builder.ts"
import { namedBuilds, type MemoryHeader } from "../header/memory-header.ts"
import { SnapshotFormatError } from "../snapshot-format-error.ts"

/** Data to copy into the new build */
export interface CompactionCopy {
  readonly build: BuildId
  readonly buildOffsetBytes: number
  readonly lengthBytes: number
}

/** What a compaction writes */
export interface CompactionPlan {
  /** Same memory, generation and base as before, without the merged builds */
  readonly header: MemoryHeader
  /** Back to back, in this order, the data of the new build */
  readonly copies: readonly CompactionCopy[]
}

interface CopyDraft {
  readonly build: BuildId
  readonly buildOffsetBytes: number
  lengthBytes: number
}

/**
 * Plans one build that holds all a header needs of several builds, in the order of memory. Raises `invalid` when the header names the
 * new build already.
 *
 * @param options `merge`: the builds that the new header does without
 */
export function planCompaction(
  header: MemoryHeader,
  { merge, buildId }: { readonly merge: ReadonlySet<BuildId>; readonly buildId: BuildId },
): CompactionPlan {
  if (namedBuilds(header).has(buildId)) {
    throw new SnapshotFormatError("invalid", `header names build ${buildId}, expected a new one`)
  }
  const mappings = new MappingBuilder()
  const copies: CopyDraft[] = []
  let copiedBytes = 0
  for (const { lengthBytes, build, buildOffsetBytes } of header.mappings) {
    if (build === undefined || !merge.has(build)) {
      mappings.append(lengthBytes, build, buildOffsetBytes)
      continue
    }
    mappings.append(lengthBytes, buildId, copiedBytes)
    copiedBytes += lengthBytes
    const last = copies.at(-1)
    if (
      last !== undefined &&
      last.build === build &&
      last.buildOffsetBytes + last.lengthBytes === buildOffsetBytes
    ) {
      last.lengthBytes += lengthBytes
    } else {
      copies.push({ build, buildOffsetBytes, lengthBytes })
    }
  }
  return { header: { ...header, buildId, mappings: mappings.finish() }, copies }
}
