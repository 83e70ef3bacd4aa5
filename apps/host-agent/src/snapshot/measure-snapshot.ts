import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"

import { STAT_BLOCK_BYTES } from "@thaw/linux"

import type { KnownSnapshot } from "./plan-sweep.ts"
import { snapshotNotFound } from "./snapshot-error.ts"
import { layerPath } from "./snapshot-files.ts"
import type { SnapshotPaths } from "./snapshot-paths.ts"

/**
 * Disk space of a snapshot and of everything it needs, as far as that can be read; what is missing takes none.
 *
 * @throws {PlatformError} `not_found` without a directory
 */
export async function measureSnapshot(
  { id, builds, layers }: KnownSnapshot,
  paths: SnapshotPaths,
): Promise<number> {
  const directory = join(paths.snapshotsDir, id)
  const files = [
    ...(await readNames(directory, id)).map((name) => join(directory, name)),
    ...Array.from(builds ?? [], (build) => join(paths.buildsDir, build)),
    ...Array.from(layers ?? [], (layer) => layerPath(paths.layersDir, layer)),
  ]
  const sizes = await Promise.all(files.map(allocatedBytes))
  return sizes.reduce((total, size) => total + size, 0)
}

async function readNames(directory: string, id: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "ENOENT" ? snapshotNotFound(id) : error
  }
}

async function allocatedBytes(path: string): Promise<number> {
  try {
    return (await stat(path)).blocks * STAT_BLOCK_BYTES
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0
    throw error
  }
}
