import { join } from "node:path"

/** Where a host agent keeps what it keeps; every path is below the data directory unless said otherwise */
export interface HostPaths {
  readonly dataDir: string
  /** What sandboxes boot from beside their template; shared read-only, replaced by rename */
  readonly artifactsDir: string
  readonly kernel: string
  readonly initramfs: string
  readonly guestAgent: string
  /** `<name>/<build id>/`, and the link `<name>/current` to the newest build */
  readonly templatesDir: string
  /** One directory per sandbox, mode 0700 */
  readonly sandboxesDir: string
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
    templatesDir: shared.templatesDir ?? join(dataDir, "templates"),
    sandboxesDir: join(dataDir, "sandboxes"),
    scratchDir: join(dataDir, "scratch"),
  }
}
