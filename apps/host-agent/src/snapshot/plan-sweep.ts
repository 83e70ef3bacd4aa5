import type { References } from "./references.ts"

/** A snapshot on disk, published or in the making */
export interface KnownSnapshot {
  readonly id: string
  /** Builds that its header names; undefined when that cannot be read */
  readonly builds: ReadonlySet<string> | undefined
  /** Layers that its disk needs; undefined when that cannot be read */
  readonly layers: ReadonlySet<string> | undefined
}

/** What was pinned at any moment of the sweep */
export interface PinnedIds {
  readonly snapshots: ReadonlySet<string>
  readonly builds: ReadonlySet<string>
  readonly layers: ReadonlySet<string>
}

/** Which published snapshots nothing names. None, while there are names that cannot be read. */
export function planSnapshotSweep(input: {
  readonly snapshotIds: readonly string[]
  readonly references: Pick<References, "snapshots" | "brokenNames">
  readonly pinned: Pick<PinnedIds, "snapshots">
}): string[] {
  const { references, pinned } = input
  if (references.brokenNames.length > 0) return []
  return input.snapshotIds.filter((id) => !references.snapshots.has(id) && !pinned.snapshots.has(id))
}

export interface DataSweepPlan {
  readonly builds: readonly string[]
  readonly layers: readonly string[]
  /** Snapshots whose needs are not known, so that no builds or no layers are deleted */
  readonly unreadable: readonly string[]
}

/** Which builds and layers no snapshot needs, of those that are there, published and in the making */
export function planDataSweep(input: {
  readonly snapshots: readonly KnownSnapshot[]
  readonly builds: readonly string[]
  readonly layers: readonly string[]
  readonly references: Pick<References, "layers">
  readonly pinned: Pick<PinnedIds, "builds" | "layers">
}): DataSweepPlan {
  const { snapshots, references, pinned } = input
  const buildsNeeded = unite(snapshots.map(({ builds }) => builds))
  const layersNeeded = unite(snapshots.map(({ layers }) => layers))
  return {
    builds: input.builds.filter((id) => buildsNeeded?.has(id) === false && !pinned.builds.has(id)),
    layers: input.layers.filter(
      (id) => layersNeeded?.has(id) === false && !references.layers.has(id) && !pinned.layers.has(id),
    ),
    unreadable: snapshots
      .filter(({ builds, layers }) => builds === undefined || layers === undefined)
      .map(({ id }) => id),
  }
}

/** Undefined as soon as one part is: what is needed is not known then */
function unite(sets: readonly (ReadonlySet<string> | undefined)[]): ReadonlySet<string> | undefined {
  const all = new Set<string>()
  for (const set of sets) {
    if (set === undefined) return undefined
    for (const id of set) all.add(id)
  }
  return all
}
