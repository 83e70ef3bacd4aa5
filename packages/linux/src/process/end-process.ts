import { setTimeout as sleep } from "node:timers/promises"

import { isAlive, type ProcessIdentity } from "./process-identity.ts"

const POLL_MS = 10
const KILL_WAIT_MS = 10_000

/**
 * Ends a process and waits until it is gone: SIGTERM, SIGKILL after `graceMs`. A process that is gone already is fine.
 *
 * @param options `graceMs` 0 sends SIGKILL at once
 * @throws {Error} when the process is still there ten seconds after SIGKILL
 */
export async function endProcess(identity: ProcessIdentity, options: { graceMs: number }): Promise<void> {
  if (options.graceMs > 0) {
    if (!(await send(identity, "SIGTERM"))) return
    if (await waitUntilGone(identity, options.graceMs)) return
  }
  if (!(await send(identity, "SIGKILL"))) return
  if (!(await waitUntilGone(identity, KILL_WAIT_MS))) {
    throw new Error(`process ${identity.pid} is still there ${KILL_WAIT_MS} ms after SIGKILL`)
  }
}

async function send(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(identity))) return false
  try {
    return process.kill(identity.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false
    throw error
  }
}

/** Polls until the process is gone; false when it outlives `timeoutMs` */
export async function waitUntilGone(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (await isAlive(identity)) {
    if (performance.now() > deadline) return false
    await sleep(POLL_MS)
  }
  return true
}
