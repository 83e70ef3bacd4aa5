import { endProcess, isAlive, type ProcessIdentity } from "@thaw/linux"

import type { PlatformRecord } from "./platform-record.ts"

/** The control plane waits for requests under way, the host agent for its drivers */
const STOP_GRACE_MS = 15_000

/** Whether the supervisor that wrote a record still runs */
export async function isSupervised(record: PlatformRecord): Promise<boolean> {
  return await isAlive(record.supervisor)
}

/**
 * Ends processes of the platform by identity, the last started first: SIGTERM, SIGKILL 15 s later. Sandboxes keep running.
 *
 * @returns Those that still ran
 * @throws {AggregateError} when some cannot be ended, after all have been tried
 */
export async function endPlatformProcesses<Process extends ProcessIdentity>(
  processes: readonly Process[],
): Promise<Process[]> {
  const ended: Process[] = []
  const failures: unknown[] = []
  for (const process of processes.toReversed()) {
    try {
      if (!(await isAlive(process))) continue
      await endProcess(process, { graceMs: STOP_GRACE_MS })
      ended.push(process)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `cannot end the platform: ${failures.join("; ")}`)
  return ended
}
