/** How a VMM opens a root file system */
export interface RootfsDevice {
  readonly format: "qcow2" | "raw"
  readonly path: string
}

/** The writable root file system of one sandbox. Disposing deletes it. */
export interface Rootfs extends AsyncDisposable {
  readonly device: RootfsDevice
  /** Bytes it occupies on disk beyond the shared base; 0 once it is removed */
  usageBytes(): Promise<number>
  /** Deletes it; fine when it is gone already */
  remove(): Promise<void>
}

/** An immutable root file system that sandboxes start from */
export interface RootfsBase {
  readonly path: string
  readonly sizeBytes: number
}

/**
 * Makes writable root file systems over immutable bases, copy on write.
 *
 * A base is never written. What a sandbox writes is in `directory` alone, and gone when the rootfs is removed.
 */
export interface RootfsStore {
  readonly name: "qcow2"
  create(base: RootfsBase, directory: string): Promise<Rootfs>
  /** The rootfs that `create` made in `directory` earlier; `not_found` when there is none */
  open(directory: string): Promise<Rootfs>
}
