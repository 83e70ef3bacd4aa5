import type { DatabaseConfig } from "../config.ts"
import type { Logger } from "../logger.ts"
import { openPostgresPresence } from "./postgres-presence.ts"

/** Tells the control planes that work with one database of each other */
export interface Presence extends AsyncDisposable {
  /** Whether no other control plane is there; false when that cannot be told for sure */
  isAlone(): Promise<boolean>
}

/** Makes this process known to others on the same database until it is disposed, or the process ends */
export async function openPresence(config: DatabaseConfig, log: Logger): Promise<Presence> {
  if (config.kind === "postgres") return await openPostgresPresence(config.url, log)
  // A PGlite directory is for one process: `lockDirectory` sees to it.
  return { isAlone: async () => true, [Symbol.asyncDispose]: async () => undefined }
}
