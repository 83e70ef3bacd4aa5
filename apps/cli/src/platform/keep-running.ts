import { setTimeout as sleep } from "node:timers/promises"

import { isAlive, startDetached, type ProcessIdentity } from "@thaw/linux"

import type { ProcessPlan } from "./plan-processes.ts"
import { countFailures, planRestartDelayMs } from "./restart-delay.ts"

const POLL_MS = 250

export interface KeepRunningEvents {
  /** Awaited before the process is watched: it must be on record before anything else happens */
  readonly onStarted: (identity: ProcessIdentity) => Promise<void>
  /** `error`: why it could not even be started */
  readonly onEnded: (end: { restartDelayMs: number; error: unknown }) => void
}

/**
 * Starts a process, and starts it again whenever it ends, until `signal` aborts. The process is left running then.
 *
 * Nothing but `signal` ends this, not even an event that throws: without it, a process that dies stays dead.
 *
 * Each process has a session of its own, so a Ctrl-C of the terminal does not reach it.
 */
export async function keepRunning(
  plan: ProcessPlan,
  events: KeepRunningEvents,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    const startedAt = performance.now()
    const error = await runOnce(plan, events, signal)
    if (signal.aborted) return
    failures = countFailures(failures, performance.now() - startedAt)
    const restartDelayMs = planRestartDelayMs(failures)
    try {
      events.onEnded({ restartDelayMs, error })
    } catch {
      // It could not be told; the restart matters more.
    }
    await pause(restartDelayMs, signal)
  }
}

/** Returns why the process could not be started, undefined when it was */
async function runOnce(plan: ProcessPlan, events: KeepRunningEvents, signal: AbortSignal): Promise<unknown> {
  let identity: ProcessIdentity
  try {
    identity = await startDetached(plan.argv, { logPath: plan.logPath, env: plan.env })
  } catch (error) {
    return error
  }
  await events.onStarted(identity).catch(() => undefined)
  await waitForEnd(identity, signal)
  return undefined
}

async function waitForEnd(identity: ProcessIdentity, signal: AbortSignal): Promise<void> {
  // When it cannot be told whether it lives, a second one beside it would be worse than none.
  const lives = async () => await isAlive(identity).catch(() => true)
  while (!signal.aborted && (await lives())) await pause(POLL_MS, signal)
}

/** Sleeps; returns early when `signal` aborts */
export async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await sleep(durationMs, undefined, { signal }).catch(() => undefined)
}
