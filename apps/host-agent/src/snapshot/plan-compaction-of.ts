import type { BuildId, MemoryHeader } from "@thaw/snapshot-format"

/** With more builds than this many times the limit, also data that others share is copied: each build is an open file per VM */
const SHARED_FACTOR = 4

/**
 * Decides which builds of a snapshot are to become one: those that no other snapshot names, since the others would stay anyhow.
 *
 * @param options `buildsMax` is how many a header may name before anything is done; `namedByOthers` holds what the headers of all
 *   other snapshots name
 * @returns At least two builds; undefined when nothing is to be done
 */
export function planCompactionOf(
  header: MemoryHeader,
  options: { readonly namedByOthers: ReadonlySet<string>; readonly buildsMax: number },
): ReadonlySet<BuildId> | undefined {
  const { namedByOthers, buildsMax } = options
  const used = mappedBytes(header)
  if (used.size <= buildsMax) return undefined
  const merge =
    used.size > buildsMax * SHARED_FACTOR ? allButLargest(used, buildsMax - 1) : own(used, namedByOthers)
  return merge.size < 2 ? undefined : merge
}

function own(used: ReadonlyMap<BuildId, number>, namedByOthers: ReadonlySet<string>): Set<BuildId> {
  return new Set([...used.keys()].filter((build) => !namedByOthers.has(build)))
}

function allButLargest(used: ReadonlyMap<BuildId, number>, keptMax: number): Set<BuildId> {
  const largestFirst = [...used].sort(([, a], [, b]) => b - a).map(([build]) => build)
  return new Set(largestFirst.slice(keptMax))
}

function mappedBytes(header: MemoryHeader): ReadonlyMap<BuildId, number> {
  const bytes = new Map<BuildId, number>()
  for (const { build, lengthBytes } of header.mappings) {
    if (build !== undefined) bytes.set(build, (bytes.get(build) ?? 0) + lengthBytes)
  }
  return bytes
}
