import { basename } from "node:path"

import { findProcessesByArgument, type RunningCommand } from "@thaw/linux"

const VMM = "qemu-system-x86_64"

/** Finds the VMMs that work on files of a data directory, those in the making as well */
export async function findVmms(dataDir: string): Promise<RunningCommand[]> {
  const commands = await findProcessesByArgument(`${dataDir}/`)
  return commands.filter(({ argv }) => basename(argv[0] ?? "") === VMM)
}
