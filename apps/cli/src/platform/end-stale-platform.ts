import type { CliContext } from "../cli-context.ts"
import { endPlatformProcesses, isSupervised } from "./end-platform-processes.ts"
import { readPlatformRecord, removePlatformRecord } from "./platform-record.ts"

/**
 * Ends what a supervisor that died without cleaning up has left: its processes, by identity, and its record.
 *
 * The caller holds the lock of the data directory, or has seen that the supervisor is gone.
 */
export async function endStalePlatform(context: Pick<CliContext, "paths" | "output">): Promise<void> {
  const record = await readPlatformRecord(context.paths.record)
  if (record === undefined || (await isSupervised(record))) return
  const ended = await endPlatformProcesses(record.processes)
  for (const process of ended) {
    context.output.progress(`ended ${process.name} (pid ${process.pid}), left by a supervisor that is gone`)
  }
  await removePlatformRecord(context.paths.record)
}
