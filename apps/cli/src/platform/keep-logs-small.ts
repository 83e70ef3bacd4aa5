import { pause } from "./keep-running.ts"
import { rotateLog } from "./rotate-log.ts"

const LOOK_INTERVAL_MS = 60_000

/** Puts logs aside that grow large while they are written, until `signal` aborts */
export async function keepLogsSmall(paths: readonly string[], signal: AbortSignal): Promise<void> {
  for (;;) {
    await pause(LOOK_INTERVAL_MS, signal)
    if (signal.aborted) return
    // A disk without room for the copy may have it later.
    for (const path of paths) await rotateLog(path).catch(() => undefined)
  }
}
