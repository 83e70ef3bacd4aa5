import { findProcessesByArgument, type RunningCommand } from "@thaw/linux"

import { dataDirArgument, isPagerOf } from "./plan-processes.ts"

/** Finds the pager of a data directory by the words it was started with; more than one only while one takes over from another */
export async function findPagers(dataDir: string): Promise<RunningCommand[]> {
  const commands = await findProcessesByArgument(dataDirArgument(dataDir))
  return commands.filter(({ argv }) => isPagerOf(argv, dataDir))
}
