import { rename, rm, stat } from "node:fs/promises"
import { join } from "node:path"

import { STAT_BLOCK_BYTES, syncDirectory } from "@thaw/linux"
import type { Logger } from "pino"

import { planDataSweep, planSnapshotSweep } from "./plan-sweep.ts"
import type { References } from "./references.ts"
import { layerPath, removedSnapshotDir } from "./snapshot-files.ts"
import type { SnapshotInventory } from "./snapshot-inventory.ts"
import type { SnapshotPaths } from "./snapshot-paths.ts"
import type { SnapshotPins } from "./snapshot-pins.ts"

/** What a sweep has done */
export interface SweepReport {
  /** Ids of what is gone */
  readonly snapshots: readonly string[]
  readonly builds: readonly string[]
  readonly layers: readonly string[]
  /** Disk space of the builds and layers that are gone */
  readonly freedBytes: number
  /** Snapshots and names that cannot be read, which keeps data that may not be needed */
  readonly unreadable: readonly string[]
}

export interface SweepContext {
  readonly paths: SnapshotPaths
  readonly pins: SnapshotPins
  readonly inventory: SnapshotInventory
  readonly logger: Logger
  readonly readReferences: () => Promise<References>
}

/**
 * Deletes the snapshots that nothing names, and then the builds and layers that no remaining snapshot needs. A crash anywhere leaves
 * only what the next sweep deletes.
 *
 * The order of reading makes it safe beside everything else: pins are watched from before the names are read, so what goes from
 * a pin to a name is seen as one or the other; and builds are listed before headers are read, so a build that is listed and
 * needed has its header there, or its pin.
 */
export async function sweepSnapshots(context: SweepContext): Promise<SweepReport> {
  const { pins, inventory, paths, logger } = context
  using snapshotPins = pins.snapshots.watch()
  using buildPins = pins.builds.watch()
  using layerPins = pins.layers.watch()
  const pinned = { snapshots: snapshotPins.seen, builds: buildPins.seen, layers: layerPins.seen }

  const references = await context.readReferences()
  const snapshotIds = await inventory.readSnapshotIds()
  const snapshots = await removeAll(planSnapshotSweep({ snapshotIds, references, pinned }), {
    logger,
    isPinned: (id) => pinned.snapshots.has(id),
    remove: (id) => removeSnapshot(paths.snapshotsDir, id),
  })

  const [builds, layers] = await Promise.all([inventory.readBuildIds(), inventory.readLayerIds()])
  const known = await inventory.readSnapshots()
  const plan = planDataSweep({ snapshots: known, builds, layers, references, pinned })
  const removedBuilds = await removeAll(plan.builds, {
    logger,
    isPinned: (id) => pinned.builds.has(id),
    remove: (id) => removeFile(join(paths.buildsDir, id)),
  })
  const removedLayers = await removeAll(plan.layers, {
    logger,
    isPinned: (id) => pinned.layers.has(id),
    remove: (id) => removeFile(layerPath(paths.layersDir, id)),
  })
  return {
    snapshots: snapshots.ids,
    builds: removedBuilds.ids,
    layers: removedLayers.ids,
    freedBytes: removedBuilds.freedBytes + removedLayers.freedBytes,
    unreadable: [...references.brokenNames, ...plan.unreadable],
  }
}

/** Deletes one after the other; what cannot be deleted is left for the next sweep */
async function removeAll(
  ids: readonly string[],
  how: {
    readonly logger: Logger
    readonly isPinned: (id: string) => boolean
    readonly remove: (id: string) => Promise<number>
  },
): Promise<{ ids: string[]; freedBytes: number }> {
  const removed: string[] = []
  let freedBytes = 0
  for (const id of ids) {
    if (how.isPinned(id)) continue
    try {
      freedBytes += await how.remove(id)
      removed.push(id)
    } catch (error) {
      how.logger.error({ err: error, id }, "what no snapshot needs could not be deleted")
    }
  }
  return { ids: removed, freedBytes }
}

/** Takes a snapshot away as a whole before its files go */
async function removeSnapshot(snapshotsDir: string, id: string): Promise<number> {
  const removedDir = removedSnapshotDir(snapshotsDir, id)
  await rm(removedDir, { recursive: true, force: true })
  await rename(join(snapshotsDir, id), removedDir)
  await syncDirectory(snapshotsDir)
  await rm(removedDir, { recursive: true, force: true })
  return 0
}

async function removeFile(path: string): Promise<number> {
  const { blocks } = await stat(path)
  await rm(path, { force: true })
  return blocks * STAT_BLOCK_BYTES
}
