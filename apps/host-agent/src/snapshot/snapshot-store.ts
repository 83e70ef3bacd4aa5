import { randomBytes } from "node:crypto"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"

import { LIMITS } from "@thaw/model"
import type { PagerClient } from "@thaw/rpc"
import type { BuildId } from "@thaw/snapshot-format"
import type { Logger } from "pino"

import { nameDiskFull } from "../disk-full.ts"
import { formatBuildId, isBuildId } from "../template/build-id.ts"
import { compactSnapshot, type CompactionReport } from "./compact-snapshot.ts"
import { measureSnapshot } from "./measure-snapshot.ts"
import { NameRegistry, type NamedTemplate } from "./name-registry.ts"
import { planCompactionOf } from "./plan-compaction-of.ts"
import { prepareSnapshotDirs } from "./prepare-snapshot-dirs.ts"
import { readHeader } from "./read-header.ts"
import { readSnapshot, type Snapshot } from "./read-snapshot.ts"
import { readReferences, type References, type SandboxReference } from "./references.ts"
import { SnapshotDraft, type PublishStep } from "./snapshot-draft.ts"
import { snapshotDataLoss, snapshotNotFound } from "./snapshot-error.ts"
import { HEADER_FILE, partialSnapshotDir } from "./snapshot-files.ts"
import { SnapshotInventory } from "./snapshot-inventory.ts"
import type { SnapshotPaths } from "./snapshot-paths.ts"
import { SnapshotPins } from "./snapshot-pins.ts"
import { sweepSnapshots, type SweepReport } from "./sweep-snapshots.ts"
import { WarmRegistry } from "./warm-registry.ts"

const ID_RANDOM_BYTES = 7

export interface SnapshotStoreOptions {
  readonly paths: SnapshotPaths
  readonly logger: Logger
  /** What the records of all sandboxes name. When it fails, nothing is deleted. */
  readonly readSandboxReferences: () => Promise<Iterable<SandboxReference>>
  /** Builds that a snapshot may be spread over before it is compacted; `LIMITS.memoryBuildsMax` by default */
  readonly memoryBuildsMax?: number
  /** Called on the way through a publish, which ends there when it throws; for tests */
  readonly onPublishStep?: (step: PublishStep) => void
}

/** A snapshot template whose snapshot stays as long as this is not disposed */
export interface HeldName extends Disposable {
  readonly template: NamedTemplate
}

/** What a new snapshot grows out of, kept as long as it is in the making */
export interface DraftParents {
  /** The snapshot whose header its own is derived from */
  readonly parentId?: string | undefined
  /** Layers that its disk rests on */
  readonly layers?: readonly string[]
}

/**
 * The frozen VMs of one host.
 *
 * Nothing is counted: records of sandboxes, names and warm entries name snapshots, snapshots name builds and layers, and a sweep
 * deletes what nothing names. What is in use before it has a name is pinned.
 */
export class SnapshotStore {
  /** Snapshot templates */
  readonly names: NameRegistry
  /** Base templates that have been booted and frozen */
  readonly warm: WarmRegistry
  readonly #options: SnapshotStoreOptions
  readonly #pins = new SnapshotPins()
  readonly #inventory: SnapshotInventory
  readonly #compacting = new Set<string>()
  #sweepRunning: Promise<unknown> = Promise.resolve()
  #sweepNext: Promise<SweepReport> | undefined
  #isClosed = false

  private constructor(options: SnapshotStoreOptions) {
    const { paths, logger } = options
    this.#options = options
    this.#inventory = new SnapshotInventory(paths)
    const onUnnamed = () => this.sweepSoon()
    this.names = new NameRegistry(paths.namesDir, { logger, onUnnamed })
    this.warm = new WarmRegistry(paths.warmDir, { logger, onUnnamed })
  }

  /** Makes the directories and removes what a run that ended left half made. Sweep once the records have been read. */
  static async open(options: SnapshotStoreOptions): Promise<SnapshotStore> {
    await prepareSnapshotDirs(options.paths)
    return new SnapshotStore(options)
  }

  /** Starts a snapshot. Its parents are kept until it is disposed. */
  async begin(parents: DraftParents = {}): Promise<SnapshotDraft> {
    const { paths, onPublishStep } = this.#options
    const [id, buildId, layerId] = [newId(), newId(), newId()]
    using stack = new DisposableStack()
    stack.use(this.#pins.snapshots.pin(id))
    stack.use(this.#pins.builds.pin(buildId))
    for (const layer of [layerId, ...(parents.layers ?? [])]) stack.use(this.#pins.layers.pin(layer))
    if (parents.parentId !== undefined) stack.use(this.pin(parents.parentId))
    await mkdir(partialSnapshotDir(paths.snapshotsDir, id), { mode: 0o700 }).catch((error: unknown) => {
      throw nameDiskFull(error)
    })
    return new SnapshotDraft({ id, buildId, layerId, paths, onPublishStep, pins: stack.move() })
  }

  /** Keeps a snapshot, and all it needs, until the result is disposed; for what uses it before a record names it */
  pin(id: string): Disposable {
    return this.#pins.snapshots.pin(id)
  }

  /**
   * Finds the snapshot template of a name and keeps its snapshot, as one step: the name may be given to another snapshot at any
   * time, and the one that had it goes.
   *
   * @returns Undefined without such a name. Raises `data_loss` when its record cannot be used.
   */
  async holdNamed(name: string): Promise<HeldName | undefined> {
    for (;;) {
      const template = await this.names.find(name)
      if (template === undefined) return undefined
      using stack = new DisposableStack()
      stack.use(this.pin(template.snapshotId))
      const now = await this.names.find(name)
      if (now?.snapshotId !== template.snapshotId) continue
      const pin = stack.move()
      return { template: now, [Symbol.dispose]: () => pin.dispose() }
    }
  }

  /**
   * Opens a snapshot after checking all that it names. Pin it first when something is to be done with it.
   *
   * @throws {PlatformError} `data_loss`, naming what is missing, truncated, damaged or of a later version, also when the whole
   *   snapshot is gone that a record or a name needs; `not_found` when there is none and nothing needs one
   */
  async open(id: string): Promise<Snapshot> {
    if (!isBuildId(id)) throw snapshotNotFound(id)
    const directory = this.#directoryOf(id)
    try {
      return await readSnapshot(id, { directory, paths: this.#options.paths })
    } catch (error) {
      if ((error as { code?: unknown }).code !== "not_found") throw error
      const { snapshots } = await this.#readReferences()
      throw snapshots.has(id) ? snapshotDataLoss(id, "it is missing") : error
    }
  }

  /** Disk space of a snapshot and of everything it needs, whoever else needs it too. Raises `not_found`. */
  async sizeBytes(id: string): Promise<number> {
    if (!isBuildId(id)) throw snapshotNotFound(id)
    return await measureSnapshot(await this.#inventory.readSnapshot(id), this.#options.paths)
  }

  /**
   * Deletes what nothing names and nothing pins. One sweep runs at a time; requests during one share the next.
   *
   * @throws When the references cannot be read; then nothing is deleted
   */
  async sweep(): Promise<SweepReport> {
    this.#sweepNext ??= this.#sweepAfterRunning()
    return await this.#sweepNext
  }

  /** Has what nothing names deleted in the background */
  sweepSoon(): void {
    if (this.#isClosed) return
    this.sweep().catch((error: unknown) => this.#options.logger.error({ err: error }, "sweep failed"))
  }

  /** Which builds of a snapshot are to be merged; undefined when nothing is to be done */
  async planCompactionOf(id: string): Promise<ReadonlySet<BuildId> | undefined> {
    const { headerPath } = await this.open(id)
    const header = await readHeader(headerPath)
    const namedByOthers = new Set<string>()
    for (const other of await this.#inventory.readSnapshots()) {
      if (other.id !== id) other.builds?.forEach((build) => namedByOthers.add(build))
    }
    return planCompactionOf(header, {
      namedByOthers,
      buildsMax: this.#options.memoryBuildsMax ?? LIMITS.memoryBuildsMax,
    })
  }

  /**
   * Merges builds of a snapshot when it is spread over too many. What uses the snapshot meanwhile is not disturbed: the old builds
   * are kept until nothing pins it.
   *
   * @returns Undefined when nothing is to be done, or is being done
   */
  async compact(id: string, pager: Pick<PagerClient, "compact">): Promise<CompactionReport | undefined> {
    if (this.#compacting.has(id)) return undefined
    using stack = new DisposableStack()
    this.#compacting.add(id)
    stack.defer(() => this.#compacting.delete(id))
    stack.use(this.pin(id))
    const merge = await this.planCompactionOf(id)
    if (merge === undefined) return undefined
    const buildId = newId()
    using held = new DisposableStack()
    for (const build of [buildId, ...merge]) held.use(this.#pins.builds.pin(build))
    const { buildsDir } = this.#options.paths
    const headerPath = join(this.#directoryOf(id), HEADER_FILE)
    try {
      return await compactSnapshot(pager, { headerPath, buildsDir, merge, buildId })
    } finally {
      void this.#sweepOnceFree(id, held.move())
    }
  }

  /** Waits for sweeps that have been asked for; no other begins by itself */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await this.#sweepNext?.catch(() => undefined)
    await this.#sweepRunning.catch(() => undefined)
  }

  #directoryOf(id: string): string {
    return join(this.#options.paths.snapshotsDir, id)
  }

  async #readReferences(): Promise<References> {
    const { names, warm } = this
    return await readReferences({
      names,
      warm,
      readSandboxReferences: this.#options.readSandboxReferences,
    })
  }

  async #sweepAfterRunning(): Promise<SweepReport> {
    await this.#sweepRunning.catch(() => undefined)
    this.#sweepNext = undefined
    const running = this.#sweepNow()
    this.#sweepRunning = running
    return await running
  }

  async #sweepNow(): Promise<SweepReport> {
    const { paths, logger } = this.#options
    const report = await sweepSnapshots({
      paths,
      logger,
      pins: this.#pins,
      inventory: this.#inventory,
      readReferences: () => this.#readReferences(),
    })
    const { unreadable, ...done } = report
    if (unreadable.length > 0) logger.warn({ unreadable }, "data is kept that may not be needed")
    if (report.snapshots.length + report.builds.length + report.layers.length > 0) logger.info(done, "sweep")
    return report
  }

  /** Whoever has read a header that is replaced now uses the snapshot pinned */
  async #sweepOnceFree(id: string, held: Disposable): Promise<void> {
    await this.#pins.snapshots.whenFree(id)
    held[Symbol.dispose]()
    this.sweepSoon()
  }
}

function newId(): string {
  return formatBuildId(new Date(), randomBytes(ID_RANDOM_BYTES))
}
