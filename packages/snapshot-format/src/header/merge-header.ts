import type { BuildId } from "../build-id.ts"
import type { DirtySet } from "../dirty/dirty-set.ts"
import { SnapshotFormatError } from "../snapshot-format-error.ts"
import { MappingBuilder } from "./mapping-builder.ts"
import { namedBuilds, type Mapping, type MemoryHeader } from "./memory-header.ts"
import { checkMemoryBytes } from "./validate-header.ts"

/**
 * The header of the next generation: what is dirty lies in the new build or is zero, all else is where the parent has it.
 * Takes time in proportion to the mappings and ranges. Raises `invalid` when the sizes do not fit or the parent names the new build.
 *
 * @param parent Header of what the VM was restored from; undefined for one that was booted, whose other memory is zero
 * @param options `buildId` is the build in which the dirty data lies back to back
 */
export function mergeHeader(
  parent: MemoryHeader | undefined,
  dirty: DirtySet,
  options: { readonly memoryBytes: number; readonly buildId: BuildId },
): MemoryHeader {
  const { memoryBytes, buildId } = options
  checkFit(parent, dirty, options)
  const below = new MappingCursor(
    parent?.mappings ?? [{ offsetBytes: 0, lengthBytes: memoryBytes, build: undefined, buildOffsetBytes: 0 }],
  )
  const merged = new MappingBuilder()
  let buildOffsetBytes = 0
  for (const { offsetBytes, lengthBytes, kind } of dirty.ranges) {
    below.copyUntil(offsetBytes, merged)
    if (kind === "zero") {
      merged.append(lengthBytes, undefined, 0)
    } else {
      merged.append(lengthBytes, buildId, buildOffsetBytes)
      buildOffsetBytes += lengthBytes
    }
  }
  below.copyUntil(memoryBytes, merged)
  return {
    memoryBytes,
    generation: parent === undefined ? 0 : parent.generation + 1,
    buildId,
    baseBuildId: parent?.baseBuildId ?? buildId,
    mappings: merged.finish(),
  }
}

function checkFit(
  parent: MemoryHeader | undefined,
  dirty: DirtySet,
  { memoryBytes, buildId }: { memoryBytes: number; buildId: BuildId },
): void {
  checkMemoryBytes(memoryBytes)
  if (dirty.endBytes > memoryBytes) {
    throw new SnapshotFormatError(
      "invalid",
      `dirty memory ends at ${dirty.endBytes} of a memory of ${memoryBytes}`,
    )
  }
  if (parent === undefined) return
  if (parent.memoryBytes !== memoryBytes) {
    throw new SnapshotFormatError(
      "invalid",
      `parent has a memory of ${parent.memoryBytes} bytes, expected ${memoryBytes}`,
    )
  }
  if (namedBuilds(parent).has(buildId)) {
    throw new SnapshotFormatError("invalid", `parent names build ${buildId}, expected a new one`)
  }
}

/** Walks over mappings from front to back, copying some parts and leaving out others */
class MappingCursor {
  readonly #mappings: readonly Mapping[]
  #index = 0

  constructor(mappings: readonly Mapping[]) {
    this.#mappings = mappings
  }

  /** Appends to `target` what lies between its end and `untilBytes` */
  copyUntil(untilBytes: number, target: MappingBuilder): void {
    while (target.endBytes < untilBytes) {
      const mapping = this.#mappings[this.#index]
      if (mapping === undefined) return
      const mappingEnd = mapping.offsetBytes + mapping.lengthBytes
      if (mappingEnd > target.endBytes) {
        const within = target.endBytes - mapping.offsetBytes
        const lengthBytes = Math.min(mappingEnd, untilBytes) - target.endBytes
        target.append(lengthBytes, mapping.build, mapping.buildOffsetBytes + within)
      }
      if (mappingEnd <= untilBytes) this.#index++
    }
  }
}
