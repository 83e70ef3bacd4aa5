import type { BuildId } from "../build-id.ts"

/**
 * Where a stretch of guest memory is stored. All numbers are multiples of the block size.
 */
export interface Mapping {
  readonly offsetBytes: number
  readonly lengthBytes: number
  /** Undefined: the memory is all zero and stored nowhere */
  readonly build: BuildId | undefined
  /** Where it begins in the build's data; 0 for zero memory */
  readonly buildOffsetBytes: number
}

/**
 * Where each block of a frozen VM's memory is stored. A VM that is frozen, restored and frozen again has one header per time, the
 * *generations*; each names what the one before it named wherever nothing changed since, so a header alone describes all of memory.
 */
export interface MemoryHeader {
  readonly memoryBytes: number
  /** 0 for a VM that was booted, one more with every capture after a restore */
  readonly generation: number
  /** The build that was written together with this header */
  readonly buildId: BuildId
  /** The build of generation 0: which VMs descend from the same boot. It need not exist any more. */
  readonly baseBuildId: BuildId
  /** Ascending and gapless from 0 to `memoryBytes` */
  readonly mappings: readonly Mapping[]
}

/** The builds whose data a header needs; they must be kept for as long as the header is */
export function namedBuilds(header: MemoryHeader): ReadonlySet<BuildId> {
  const builds = new Set<BuildId>()
  for (const { build } of header.mappings) if (build !== undefined) builds.add(build)
  return builds
}
