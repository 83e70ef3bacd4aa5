import { join } from "node:path"

/** Names in a snapshot's directory */
export const MANIFEST_FILE = "snapshot.json"
export const HEADER_FILE = "memfile.header"
export const STATE_FILE = "vmstate"
/** Pages that a restore needs at once; comes after the rest, by rename */
export const WORKING_SET_FILE = "working-set"

const PARTIAL_PREFIX = ".partial-"
const REMOVED_PREFIX = ".removed-"
const LAYER_SUFFIX = ".qcow2"

/** Where a snapshot takes shape: on the file system it is published on, under a name that is no snapshot's */
export function partialSnapshotDir(snapshotsDir: string, id: string): string {
  return join(snapshotsDir, `${PARTIAL_PREFIX}${id}`)
}

/** Name that the pager writes a build under before it is whole; a pager that is killed leaves it */
export function partialBuildName(buildId: string): string {
  return `${PARTIAL_PREFIX}${buildId}`
}

/** Where a snapshot is deleted: one rename takes it away from its readers as a whole */
export function removedSnapshotDir(snapshotsDir: string, id: string): string {
  return join(snapshotsDir, `${REMOVED_PREFIX}${id}`)
}

/** The id of a snapshot in the making whose directory has this name; undefined for any other name */
export function partialSnapshotId(name: string): string | undefined {
  return name.startsWith(PARTIAL_PREFIX) ? name.slice(PARTIAL_PREFIX.length) : undefined
}

export function layerPath(layersDir: string, layerId: string): string {
  return join(layersDir, `${layerId}${LAYER_SUFFIX}`)
}

/** The id of the layer whose file has this name; undefined for any other name */
export function layerIdOf(name: string): string | undefined {
  return name.endsWith(LAYER_SUFFIX) ? name.slice(0, -LAYER_SUFFIX.length) : undefined
}
