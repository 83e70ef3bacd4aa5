import { join } from "node:path"

/** Where a pager keeps what it keeps, all in `<data>/pager`, mode 0700 */
export interface PagerPaths {
  readonly dir: string
  /** Held for as long as a pager lives: there is one per data directory */
  readonly lock: string
  readonly socket: string
  /** A record per VM that is being served: `<id>.json` */
  readonly attachmentsDir: string
}

/** Lays out a pager's part of a data directory */
export function pagerPaths(dataDir: string): PagerPaths {
  const dir = join(dataDir, "pager")
  return {
    dir,
    lock: join(dir, "pager.lock"),
    socket: join(dir, "pager.sock"),
    attachmentsDir: join(dir, "attachments"),
  }
}
