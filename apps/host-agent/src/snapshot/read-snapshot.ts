import { createHash } from "node:crypto"
import { open, stat } from "node:fs/promises"
import { join } from "node:path"

import { MIB, PlatformError } from "@thaw/model"
import { namedBuilds, type BuildId, type MemoryHeader } from "@thaw/snapshot-format"

import type { RootfsBase } from "../rootfs/rootfs-store.ts"
import { ROOTFS_FILE } from "../template/template-files.ts"
import { checkBuild, usedBytesOfBuilds } from "./check-build.ts"
import { readHeader } from "./read-header.ts"
import { readManifest } from "./read-manifest.ts"
import { snapshotDataLoss } from "./snapshot-error.ts"
import { HEADER_FILE, STATE_FILE, WORKING_SET_FILE, layerPath } from "./snapshot-files.ts"
import type { SnapshotManifest } from "./snapshot-manifest.ts"
import type { SnapshotPaths } from "./snapshot-paths.ts"

/** A frozen VM whose files have been checked */
export interface Snapshot {
  readonly id: string
  readonly directory: string
  readonly manifest: SnapshotManifest
  readonly headerPath: string
  readonly statePath: string
  /** May not be there */
  readonly workingSetPath: string
  /** Builds that its memory is spread over */
  readonly builds: ReadonlySet<BuildId>
  /** What new sandboxes put their disks on; undefined for a paused sandbox, whose disk is in its own directory */
  readonly rootfs: RootfsBase | undefined
  /** Layers that a new sandbox's disk, or the paused sandbox's own, rests on; deepest last */
  readonly diskLayers: readonly string[]
}

/** A VM state is the devices' alone: memory is not in it */
const STATE_BYTES_MAX = 64 * MIB

/**
 * Reads a snapshot and checks all that it names.
 *
 * @param options.directory Where it is: its own, or that of a snapshot in the making
 * @throws {PlatformError} `data_loss`, naming what is wrong; `not_found` when the directory is not there
 */
export async function readSnapshot(
  id: string,
  options: { readonly directory: string; readonly paths: SnapshotPaths },
): Promise<Snapshot> {
  const { directory, paths } = options
  const manifest = await readManifest(directory, id)
  const [header] = await Promise.all([
    readCheckedHeader(directory, manifest),
    checkState(directory, manifest),
    checkDisk(paths, manifest),
  ])
  const used = usedBytesOfBuilds(header)
  await Promise.all(
    Array.from(used, async ([build, usedBytes]) => {
      await checkBuild(paths.buildsDir, { build, usedBytes }).catch((error: unknown) => {
        throw lost(id, error)
      })
    }),
  )
  return toSnapshot(manifest, { directory, paths, builds: namedBuilds(header) })
}

/** A snapshot that has been checked, as it is in `directory` */
export function toSnapshot(
  manifest: SnapshotManifest,
  context: {
    readonly directory: string
    readonly paths: SnapshotPaths
    readonly builds: ReadonlySet<BuildId>
  },
): Snapshot {
  const { directory, paths, builds } = context
  const { id, rootfs, layers } = manifest
  return {
    id,
    directory,
    manifest,
    builds,
    headerPath: join(directory, HEADER_FILE),
    statePath: join(directory, STATE_FILE),
    workingSetPath: join(directory, WORKING_SET_FILE),
    rootfs: rootfs && {
      path: layerPath(paths.layersDir, rootfs.layerId),
      sizeBytes: rootfs.sizeBytes,
      format: "qcow2",
    },
    diskLayers: rootfs === undefined ? layers : [rootfs.layerId, ...layers],
  }
}

async function readCheckedHeader(directory: string, manifest: SnapshotManifest): Promise<MemoryHeader> {
  const { id, memoryMib, generation } = manifest
  let header
  try {
    header = await readHeader(join(directory, HEADER_FILE))
  } catch (error) {
    throw lost(id, error)
  }
  if (header.memoryBytes !== memoryMib * MIB) {
    throw snapshotDataLoss(
      id,
      `its memory header covers ${header.memoryBytes} bytes, its memory has ${memoryMib} MiB`,
    )
  }
  if (header.generation !== generation) {
    throw snapshotDataLoss(
      id,
      `its memory header is of generation ${header.generation}, ${generation} is expected`,
    )
  }
  return header
}

async function checkState(directory: string, { id, state }: SnapshotManifest): Promise<void> {
  const found = await hashState(join(directory, STATE_FILE)).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? snapshotDataLoss(id, "its VM state is missing", { cause: error }) : error
  })
  if (found.sizeBytes !== state.sizeBytes) {
    throw snapshotDataLoss(id, `its VM state has ${found.sizeBytes} bytes, ${state.sizeBytes} are expected`)
  }
  if (found.sha256 !== state.sha256) throw snapshotDataLoss(id, "its VM state is damaged: its hash differs")
}

/** Size and hash of a VM state. Throws when it is larger than any is. */
export async function hashState(path: string): Promise<SnapshotManifest["state"]> {
  await using file = await open(path, "r")
  const { size } = await file.stat()
  if (size > STATE_BYTES_MAX)
    throw new RangeError(`VM state has ${size} bytes, at most ${STATE_BYTES_MAX} are read`)
  return {
    sizeBytes: size,
    sha256: createHash("sha256")
      .update(await file.readFile())
      .digest("hex"),
  }
}

async function checkDisk(paths: SnapshotPaths, manifest: SnapshotManifest): Promise<void> {
  const { id, rootfs, layers, templateBuild } = manifest
  const needed = (rootfs === undefined ? layers : [rootfs.layerId, ...layers]).map((layerId) => ({
    what: `disk layer "${layerId}"`,
    path: layerPath(paths.layersDir, layerId),
  }))
  if (templateBuild !== undefined) {
    const { name, buildId } = templateBuild
    needed.push({
      what: `build "${buildId}" of template "${name}"`,
      path: join(paths.templatesDir, name, buildId, ROOTFS_FILE),
    })
  }
  await Promise.all(
    needed.map(async ({ what, path }) => {
      const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
        throw error.code === "ENOENT" ? snapshotDataLoss(id, `${what} is missing`, { cause: error }) : error
      })
      if (found.size === 0) throw snapshotDataLoss(id, `${what} is empty`)
    }),
  )
}

/** Errors of the parts name the part; a failure to read at all stays what it is */
function lost(id: string, error: unknown): unknown {
  if (error instanceof PlatformError || !(error instanceof Error) || "errno" in error) return error
  return snapshotDataLoss(id, error.message, { cause: error })
}
