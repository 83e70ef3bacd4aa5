import type { NameRegistry } from "./name-registry.ts"
import type { WarmRegistry } from "./warm-registry.ts"

/** What the record of one sandbox names */
export interface SandboxReference {
  readonly snapshotId?: string | undefined
  /** Layers below its own disk */
  readonly layers?: readonly string[] | undefined
}

/** All that is named durably from outside of the snapshots */
export interface References {
  readonly snapshots: ReadonlySet<string>
  readonly layers: ReadonlySet<string>
  /** Names whose records cannot be read, so that what they name is not known */
  readonly brokenNames: readonly string[]
}

/** Reads what sandboxes, names and warm entries name */
export async function readReferences(sources: {
  readonly readSandboxReferences: () => Promise<Iterable<SandboxReference>>
  readonly names: NameRegistry
  readonly warm: WarmRegistry
}): Promise<References> {
  const [sandboxes, names, warm] = await Promise.all([
    sources.readSandboxReferences(),
    sources.names.readAll(),
    sources.warm.list(),
  ])
  const snapshots = new Set<string>()
  const layers = new Set<string>()
  for (const sandbox of sandboxes) {
    if (sandbox.snapshotId !== undefined) snapshots.add(sandbox.snapshotId)
    for (const layer of sandbox.layers ?? []) layers.add(layer)
  }
  for (const { snapshotId } of [...names.records, ...warm]) snapshots.add(snapshotId)
  return { snapshots, layers, brokenNames: names.broken.map(({ key }) => key) }
}
