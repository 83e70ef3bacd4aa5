/** How a VMM opens a root file system */
export interface RootfsDevice {
  readonly format: "qcow2" | "raw"
  readonly path: string
  /** Immutable file under a qcow2 one; the VMM takes it from here and not from the file, which the guest's VMM can write */
  readonly backing?: { readonly format: "qcow2" | "raw"; readonly path: string }
}

/** The writable root file system of one sandbox. Disposing deletes it. */
export interface Rootfs extends AsyncDisposable {
  readonly device: RootfsDevice
  /** Bytes it occupies on disk beyond the shared base; 0 once it is removed */
  usageBytes(): Promise<number>
  /** Deletes it; fine when it is gone already */
  remove(): Promise<void>
}

/** An immutable root file system that sandboxes start from: a template's own, or a layer that `finishLayer` made */
export interface RootfsBase {
  readonly path: string
  /** Size of the device that the guest sees */
  readonly sizeBytes: number
  readonly format: "raw" | "qcow2"
}

/**
 * Makes writable root file systems over immutable bases, copy on write.
 *
 * A base is never written. What a sandbox writes is in `directory` alone, and gone when the rootfs is removed. To seal and
 * to revert is for paused sandboxes, whose VMM is gone.
 */
export interface RootfsStore {
  readonly name: "qcow2"
  /** Names in `directory` that a rootfs may consist of */
  readonly fileNames: readonly string[]
  create(base: RootfsBase, directory: string): Promise<Rootfs>
  /**
   * The rootfs that `create` made in `directory` earlier.
   *
   * Whoever had it open for writing is not trusted, here and in what else reads it: `data_loss` when it names files that `create`
   * did not name.
   *
   * @throws {PlatformError} `not_found` when there is none
   */
  open(directory: string): Promise<Rootfs>
  /** As `Rootfs.usageBytes`; 0 when there is none */
  usageBytes(directory: string): Promise<number>
  /** Keeps the content as it is now, durably, in place of what was sealed before. May be repeated until it succeeds. */
  seal(directory: string): Promise<void>
  /**
   * Takes the content back to the seal, which stays. May be repeated until it succeeds.
   *
   * @throws {PlatformError} `data_loss` when nothing was sealed
   */
  revert(directory: string): Promise<void>
  /**
   * Copies the rootfs of a frozen or paused sandbox to `targetPath`, whole or not at all. The copy is for others to build
   * on, and durable, after `finishLayer`.
   *
   * @throws {PlatformError} `capacity_exhausted` when the host's disk is full
   */
  copyLayer(directory: string, targetPath: string): Promise<void>
  /**
   * Makes a copy ready to be a base: drops its seal, flattens a chain deeper than `LIMITS.rootfsLayersMax`, makes it durable
   * and read-only. The source may run meanwhile. May be repeated until it succeeds.
   *
   * @throws {PlatformError} `capacity_exhausted` when the host's disk is full, `data_loss` when a base of it is gone
   */
  finishLayer(path: string): Promise<FinishedLayer>
}

export interface FinishedLayer {
  /** The layers between this one and the bottom of its chain are in it now and no longer needed by it */
  readonly isFlattened: boolean
}
