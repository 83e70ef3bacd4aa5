import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"

import { endProcess } from "@thaw/linux"

import { detachMemory } from "../pager/attach-memory.ts"
import type { Pager } from "../pager/pager.ts"
import { removeVmFiles } from "../vmm/vm-files.ts"
import type { VmmDriver } from "../vmm/vmm.ts"
import type { SandboxJournal } from "./sandbox-journal.ts"
import type { SandboxRecord } from "./sandbox-record.ts"

export interface LeftoverDeps {
  readonly journal: SandboxJournal
  readonly vmm: VmmDriver
  readonly pager: Pager
  readonly dataDirId: string
  /** Names in a sandbox's directory that its disk consists of */
  readonly diskFiles: readonly string[]
}

/**
 * Ends every VMM that uses a sandbox's directory and deletes all else it left: memory, sockets, files. The record stays, and the disk of one
 * that is paused.
 *
 * What is gone already is fine, so it may be repeated until it succeeds. Slots are not freed here: a number on a record may be
 * another sandbox's by now, so only its lease, or the recovery of all slots at a start, may give it back.
 */
export async function removeLeftovers(
  record: SandboxRecord,
  options: { readonly keepDisk: boolean },
  deps: LeftoverDeps,
): Promise<void> {
  const { id } = record.spec
  const directory = deps.journal.directoryOf(id)
  for (const process of await deps.vmm.findProcesses(directory)) await endProcess(process, { graceMs: 0 })
  await detachMemory(deps.pager, id)
  await removeVmFiles(deps.dataDirId, id)
  const kept = new Set(["record.json", ...(options.keepDisk ? deps.diskFiles : [])])
  for (const name of await listIfThere(directory)) {
    if (!kept.has(name)) await rm(join(directory, name), { recursive: true, force: true })
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
