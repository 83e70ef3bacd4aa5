import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"

import { endProcess } from "@thaw/linux"

import type { VmmDriver } from "../vmm/vmm.ts"
import type { SandboxJournal } from "./sandbox-journal.ts"
import type { SandboxRecord } from "./sandbox-record.ts"

/**
 * Ends every VMM that uses a sandbox's directory and deletes all the directory holds but the record.
 *
 * What is gone already is fine, so it may be repeated until it succeeds. Slots are not freed here: a number on a record may be
 * another sandbox's by now, so only its lease, or the recovery of all slots at a start, may give it back.
 */
export async function removeLeftovers(
  record: SandboxRecord,
  deps: { readonly journal: SandboxJournal; readonly vmm: VmmDriver },
): Promise<void> {
  const directory = deps.journal.directoryOf(record.spec.id)
  for (const process of await deps.vmm.findProcesses(directory)) await endProcess(process, { graceMs: 0 })
  for (const name of await listIfThere(directory)) {
    if (name !== "record.json") await rm(join(directory, name), { recursive: true, force: true })
  }
}

async function listIfThere(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return []
    throw error
  }
}
