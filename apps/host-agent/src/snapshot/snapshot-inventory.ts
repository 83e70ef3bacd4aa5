import { readdir, stat } from "node:fs/promises"
import { dirname, join } from "node:path"

import { namedBuilds } from "@thaw/snapshot-format"

import { isBuildId } from "../template/build-id.ts"
import type { KnownSnapshot } from "./plan-sweep.ts"
import { readHeader } from "./read-header.ts"
import { readManifest } from "./read-manifest.ts"
import { HEADER_FILE, MANIFEST_FILE, layerIdOf, partialSnapshotId } from "./snapshot-files.ts"
import type { SnapshotPaths } from "./snapshot-paths.ts"

interface CachedNames {
  readonly stamp: string
  readonly names: ReadonlySet<string>
}

/** What there is on disk. Headers and manifests are read once, and again when a file has been replaced. */
export class SnapshotInventory {
  readonly #paths: SnapshotPaths
  readonly #cache = new Map<string, CachedNames>()

  constructor(paths: SnapshotPaths) {
    this.#paths = paths
  }

  async readSnapshotIds(): Promise<string[]> {
    return (await readdir(this.#paths.snapshotsDir)).filter(isBuildId)
  }

  async readBuildIds(): Promise<string[]> {
    return (await readdir(this.#paths.buildsDir)).filter(isBuildId)
  }

  async readLayerIds(): Promise<string[]> {
    const names = await readdir(this.#paths.layersDir)
    return names.map(layerIdOf).filter((id) => id !== undefined && isBuildId(id)) as string[]
  }

  /** Every snapshot, published and in the making, with what it needs */
  async readSnapshots(): Promise<KnownSnapshot[]> {
    const names = await readdir(this.#paths.snapshotsDir)
    const directories = new Set(names.map((name) => join(this.#paths.snapshotsDir, name)))
    for (const path of this.#cache.keys()) if (!directories.has(dirname(path))) this.#cache.delete(path)
    const snapshots: KnownSnapshot[] = []
    for (const name of names) {
      const draftId = partialSnapshotId(name)
      const id = draftId ?? name
      if (isBuildId(id)) snapshots.push(await this.#read(id, { name, isDraft: draftId !== undefined }))
    }
    return snapshots
  }

  /** What a published snapshot needs */
  async readSnapshot(id: string): Promise<KnownSnapshot> {
    return await this.#read(id, { name: id, isDraft: false })
  }

  async #read(
    id: string,
    { name, isDraft }: { readonly name: string; readonly isDraft: boolean },
  ): Promise<KnownSnapshot> {
    const directory = join(this.#paths.snapshotsDir, name)
    const headerPath = join(directory, HEADER_FILE)
    // What a draft has not written yet is kept by its pins
    const ifMissing = isDraft ? new Set<string>() : undefined
    const [builds, layers] = await Promise.all([
      this.#names(headerPath, { ifMissing, read: async () => namedBuilds(await readHeader(headerPath)) }),
      this.#names(join(directory, MANIFEST_FILE), { ifMissing, read: () => readLayers(directory, id) }),
    ])
    return { id, builds, layers }
  }

  async #names(
    path: string,
    options: {
      readonly ifMissing: ReadonlySet<string> | undefined
      readonly read: () => Promise<ReadonlySet<string>>
    },
  ): Promise<ReadonlySet<string> | undefined> {
    try {
      const { ino, size, mtimeNs } = await stat(path, { bigint: true })
      const stamp = `${ino}:${size}:${mtimeNs}`
      const cached = this.#cache.get(path)
      if (cached?.stamp === stamp) return cached.names
      const names = await options.read()
      this.#cache.set(path, { stamp, names })
      return names
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ENOENT" ? options.ifMissing : undefined
    }
  }
}

async function readLayers(directory: string, id: string): Promise<ReadonlySet<string>> {
  const { rootfs, layers } = await readManifest(directory, id)
  return new Set(rootfs === undefined ? layers : [rootfs.layerId, ...layers])
}
