import { basename } from "node:path"

import { formatInitScript } from "./init-script.ts"
import type { ArchiveEntry } from "./newc-archive.ts"

export interface InitramfsParts {
  readonly busybox: Uint8Array
  readonly guestAgent: Uint8Array
  /** In loading order */
  readonly modules: readonly { readonly path: string; readonly content: Uint8Array }[]
}

const DIRECTORIES = ["bin", "dev", "modules", "newroot", "proc", "sys"]

/** Plans what is in the initramfs, sorted by path */
export function planInitramfs(parts: InitramfsParts): ArchiveEntry[] {
  const moduleFiles = parts.modules.map(({ path }) => basename(path))
  const entries: ArchiveEntry[] = [
    ...DIRECTORIES.map((path) => ({ kind: "directory" as const, path, mode: 0o755 })),
    { kind: "file", path: "bin/busybox", mode: 0o755, content: parts.busybox },
    { kind: "link", path: "bin/sh", target: "busybox" },
    // The kernel opens it for PID 1 before anything can mount /dev.
    { kind: "character-device", path: "dev/console", mode: 0o600, major: 5, minor: 1 },
    { kind: "file", path: "guest-agent", mode: 0o755, content: parts.guestAgent },
    { kind: "file", path: "init", mode: 0o755, content: Buffer.from(formatInitScript(moduleFiles)) },
    ...parts.modules.map(({ path, content }) => ({
      kind: "file" as const,
      path: `modules/${basename(path)}`,
      mode: 0o644,
      content,
    })),
  ]
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1))
}
