import type { ProcessIdentity } from "@thaw/linux"

import type { CliContext } from "../cli-context.ts"
import { endPlatformProcesses, isSupervised } from "./end-platform-processes.ts"
import { findPlatformProcesses } from "./find-platform-processes.ts"
import { readPlatformRecord, removePlatformRecord } from "./platform-record.ts"

/**
 * Ends what a supervisor that died without cleaning up has left: its processes, and its record.
 *
 * The caller holds the lock of the data directory, or has seen that the supervisor is gone.
 */
export async function endStalePlatform(context: Pick<CliContext, "paths" | "output">): Promise<void> {
  // Looked for before the record is read: a process that is found then, without a supervisor, has lost its own.
  const found = await findPlatformProcesses(context.paths.dataDir)
  const record = await readPlatformRecord(context.paths.record)
  if (record !== undefined && (await isSupervised(record))) return
  const isFound = ({ pid }: ProcessIdentity) => found.some((process) => process.pid === pid)
  const unfound = record?.processes.filter((process) => !isFound(process)) ?? []
  for (const process of await endPlatformProcesses([...unfound, ...found])) {
    context.output.progress(`ended ${process.name} (pid ${process.pid}), left by a supervisor that is gone`)
  }
  await removePlatformRecord(context.paths.record)
}
