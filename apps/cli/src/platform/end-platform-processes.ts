import { endProcess, isAlive } from "@thaw/linux"

import type { PlatformRecord, ProcessRecord } from "./platform-record.ts"

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
 */
export async function endPlatformProcesses(processes: readonly ProcessRecord[]): Promise<ProcessRecord[]> {
  const ended: ProcessRecord[] = []
  for (const process of processes.toReversed()) {
    if (!(await isAlive(process))) continue
    await endProcess(process, { graceMs: STOP_GRACE_MS })
    ended.push(process)
  }
  return ended
}
