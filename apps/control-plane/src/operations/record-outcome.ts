import { setTimeout as sleep } from "node:timers/promises"

import type { Context } from "../context.ts"
import { isDatabaseUnavailable } from "../db/database-unavailable.ts"

const RECORD_TIMEOUT_MS = 20_000
const RECORD_PAUSE_MS = 500

/**
 * Records what the host has done: a database that is away for a moment must not make that look undone.
 *
 * @param subject What it is about, for the log
 * @param record Repeated while the database is away, for 20 s at most
 */
export async function recordOutcome<T>(
  context: Context,
  subject: string,
  record: () => Promise<T>,
): Promise<T> {
  const deadlineMs = performance.now() + RECORD_TIMEOUT_MS
  for (;;) {
    try {
      return await record()
    } catch (error) {
      const isOver = context.closing.aborted || performance.now() > deadlineMs
      if (isOver || !isDatabaseUnavailable(error)) throw error
      context.log.warn({ err: error, subject }, "what the host has done cannot be recorded yet")
      await sleep(RECORD_PAUSE_MS)
    }
  }
}
