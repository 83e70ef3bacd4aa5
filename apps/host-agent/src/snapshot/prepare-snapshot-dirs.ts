import { mkdir, readdir, rm } from "node:fs/promises"
import { join } from "node:path"

import { isBuildId } from "../template/build-id.ts"
import { removeTemporaries } from "./record-directory.ts"
import { layerIdOf } from "./snapshot-files.ts"
import type { SnapshotPaths } from "./snapshot-paths.ts"

/** `isBuildId` finds it somewhere in the name */
const ID_WITHIN = /[0-9a-hjkmnp-tv-z]{16}/

/**
 * Makes the directories and removes what a run that ended left half made or half removed. Nothing else may be using them, but for
 * the pager, whose half-made builds nobody waits for any more.
 */
export async function prepareSnapshotDirs(paths: SnapshotPaths): Promise<void> {
  const { snapshotsDir, buildsDir, layersDir, namesDir, warmDir } = paths
  for (const directory of [snapshotsDir, buildsDir, layersDir, namesDir, warmDir]) {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  }
  for (const directory of [snapshotsDir, buildsDir, layersDir]) await removeUnfinished(directory)
  await removeTemporaries(namesDir)
  await removeTemporaries(warmDir)
}

/** Whatever has a prefix or suffix beside its id is not finished; a file that is not ours has no id */
async function removeUnfinished(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const isFinished = isBuildId(name) || isBuildId(layerIdOf(name) ?? "")
    if (!isFinished && ID_WITHIN.test(name)) await rm(join(directory, name), { recursive: true, force: true })
  }
}
