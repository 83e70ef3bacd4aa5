import { join } from "node:path"

/** Where a host agent keeps what it keeps; every path is below the data directory unless said otherwise */
export interface HostPaths {
  readonly dataDir: string
  /** What sandboxes boot from beside their template; shared read-only, replaced by rename */
  readonly artifactsDir: string
  readonly kernel: string
  readonly initramfs: string
  readonly guestAgent: string
  /** Preload library through which a VMM hands its guest's memory over to the pager */
  readonly preloadLibrary: string
  /** `<name>/<build id>/`, and the link `<name>/current` to the newest build */
  readonly templatesDir: string
  /** One directory per sandbox, mode 0700 */
  readonly sandboxesDir: string
  /** One immutable directory per frozen VM, named by its snapshot id, mode 0700 */
  readonly snapshotsDir: string
  /** Memory of frozen VMs: one immutable file per build, named by its id */
  readonly buildsDir: string
  /** Disks that snapshot templates start from: `<layer id>.qcow2` */
  readonly layersDir: string
  /** `<name>.json` per snapshot template */
  readonly namesDir: string
  /** One file per base template and size that has been booted and frozen */
  readonly warmDir: string
  /** Socket, lock and records of the pager */
  readonly pagerDir: string
  /** Build trees; may be deleted at any time */
  readonly scratchDir: string
}

/**
 * Lays out a data directory.
 *
 * @param shared Directories that several data directories use together, as the tests do
 */
export function hostPaths(
  dataDir: string,
  shared: { readonly artifactsDir?: string; readonly templatesDir?: string } = {},
): HostPaths {
  const artifactsDir = shared.artifactsDir ?? join(dataDir, "artifacts")
  return {
    dataDir,
    artifactsDir,
    kernel: join(artifactsDir, "vmlinux"),
    initramfs: join(artifactsDir, "initramfs.cpio"),
    guestAgent: join(artifactsDir, "guest-agent"),
    preloadLibrary: join(artifactsDir, "libqemu_uffd.so"),
    templatesDir: shared.templatesDir ?? join(dataDir, "templates"),
    sandboxesDir: join(dataDir, "sandboxes"),
    snapshotsDir: join(dataDir, "snapshots"),
    buildsDir: join(dataDir, "builds"),
    layersDir: join(dataDir, "layers"),
    namesDir: join(dataDir, "names"),
    warmDir: join(dataDir, "warm"),
    pagerDir: join(dataDir, "pager"),
    scratchDir: join(dataDir, "scratch"),
  }
}
