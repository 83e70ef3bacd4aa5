import { rename, rm } from "node:fs/promises"
import { join } from "node:path"

import { syncDirectory } from "@thaw/linux"

import { nameDiskFull } from "../disk-full.ts"
import { readHeader } from "./read-header.ts"
import { hashState, readSnapshot, toSnapshot, type Snapshot } from "./read-snapshot.ts"
import {
  HEADER_FILE,
  MANIFEST_FILE,
  STATE_FILE,
  layerPath,
  partialBuildName,
  partialSnapshotDir,
} from "./snapshot-files.ts"
import { formatSnapshotManifest, type SnapshotManifest } from "./snapshot-manifest.ts"
import type { SnapshotPaths } from "./snapshot-paths.ts"
import { syncFile, writeSynced } from "./synced-file.ts"

/** What the files of a frozen VM do not say by themselves */
export interface SnapshotFacts extends Pick<
  SnapshotManifest,
  "vmm" | "vcpus" | "memoryMib" | "template" | "templateBuild" | "guestToken" | "layers"
> {
  /** Given when `layerPath` holds a disk that others build on; `sizeBytes` is what a guest sees */
  readonly rootfs?: { readonly sizeBytes: number }
}

/** Where a publish is; for tests that end it there */
export type PublishStep = "hashed" | "manifest" | "synced" | "checked" | "renamed"

export interface DraftOptions {
  readonly id: string
  readonly buildId: string
  readonly layerId: string
  readonly paths: SnapshotPaths
  /** Disposed last, whatever becomes of the draft */
  readonly pins: Disposable
  readonly onPublishStep: ((step: PublishStep) => void) | undefined
}

/**
 * A snapshot in the making.
 *
 * Whoever makes it writes `headerPath` and build (the pager's Capture), `statePath`, and `layerPath` when others are to build
 * on its disk, and then publishes. Everything it names is kept until it is disposed: do that after the first durable name
 * has been given. One that is disposed without having been published leaves nothing.
 */
export class SnapshotDraft implements AsyncDisposable {
  readonly id: string
  /** Of the memory that it does not share with its parent */
  readonly buildId: string
  readonly layerId: string
  readonly directory: string
  readonly headerPath: string
  readonly statePath: string
  readonly buildsDir: string
  readonly layerPath: string
  readonly #options: DraftOptions
  #isPublished = false

  /** Takes over a directory that is there and empty, and the pins */
  constructor(options: DraftOptions) {
    const { paths } = options
    this.#options = options
    this.id = options.id
    this.buildId = options.buildId
    this.layerId = options.layerId
    this.directory = partialSnapshotDir(paths.snapshotsDir, options.id)
    this.headerPath = join(this.directory, HEADER_FILE)
    this.statePath = join(this.directory, STATE_FILE)
    this.buildsDir = paths.buildsDir
    this.layerPath = layerPath(paths.layersDir, options.layerId)
  }

  /**
   * Checks what has been written, makes it durable and gives it its name by one rename: a machine that loses power has the
   * whole snapshot or none.
   *
   * @throws {PlatformError} `data_loss` when a file is missing or not what it should be; `capacity_exhausted` on a full disk
   */
  async publish(facts: SnapshotFacts): Promise<Snapshot> {
    try {
      return await this.#publish(facts)
    } catch (error) {
      throw nameDiskFull(error)
    }
  }

  async #publish(facts: SnapshotFacts): Promise<Snapshot> {
    const { paths } = this.#options
    const manifest = await this.#describe(facts)
    this.#reached("hashed")
    await writeSynced(join(this.directory, MANIFEST_FILE), formatSnapshotManifest(manifest), { mode: 0o600 })
    this.#reached("manifest")
    await this.#sync(manifest)
    this.#reached("synced")
    const { builds } = await readSnapshot(this.id, { directory: this.directory, paths })
    this.#reached("checked")
    const directory = join(paths.snapshotsDir, this.id)
    await rename(this.directory, directory)
    this.#isPublished = true
    this.#reached("renamed")
    await syncDirectory(paths.snapshotsDir)
    return toSnapshot(manifest, { directory, paths, builds })
  }

  /** Removes what was not published. Fine to repeat. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { paths, pins } = this.#options
    using _ = pins
    if (this.#isPublished) return
    await rm(this.directory, { recursive: true, force: true })
    for (const name of [this.buildId, partialBuildName(this.buildId)]) {
      await rm(join(paths.buildsDir, name), { force: true })
    }
    await rm(this.layerPath, { force: true })
  }

  async #describe(facts: SnapshotFacts): Promise<SnapshotManifest> {
    const { rootfs, ...rest } = facts
    const { generation } = await readHeader(this.headerPath)
    return {
      formatVersion: 1,
      id: this.id,
      createdAtMs: Date.now(),
      generation,
      ...rest,
      ...(rootfs && { rootfs: { layerId: this.layerId, sizeBytes: rootfs.sizeBytes } }),
      state: await hashState(this.statePath),
    }
  }

  async #sync(manifest: SnapshotManifest): Promise<void> {
    const { paths } = this.#options
    const files = [this.headerPath, this.statePath, join(paths.buildsDir, this.buildId)]
    if (manifest.rootfs !== undefined) files.push(this.layerPath)
    await Promise.all(files.map(syncFile))
    await Promise.all([this.directory, paths.buildsDir, paths.layersDir].map(syncDirectory))
  }

  #reached(step: PublishStep): void {
    this.#options.onPublishStep?.(step)
  }
}
