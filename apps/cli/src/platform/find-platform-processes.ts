import { findProcessesByArgument, type ProcessIdentity } from "@thaw/linux"

import { dataDirArgument, processNameOf, type ProcessName } from "./plan-processes.ts"

/**
 * Finds the processes of a platform by the words they were started with, in the order they were started. The record may lack
 * one: a supervisor that is killed may have started it and not written it down yet.
 */
export async function findPlatformProcesses(
  dataDir: string,
): Promise<(ProcessIdentity & { readonly name: ProcessName })[]> {
  const commands = await findProcessesByArgument(dataDirArgument(dataDir))
  return commands
    .flatMap(({ pid, startTicks, argv }) => {
      const name = processNameOf(argv, dataDir)
      return name === undefined ? [] : [{ pid, startTicks, name }]
    })
    .sort((a, b) => a.startTicks - b.startTicks)
}
