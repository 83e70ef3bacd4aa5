import { copyFile, rm } from "node:fs/promises"
import { join } from "node:path"

import type { Snapshot } from "./read-snapshot.ts"
import type { SnapshotDraft } from "./snapshot-draft.ts"
import { WORKING_SET_FILE } from "./snapshot-files.ts"

/**
 * Gives a snapshot in the making the working set of its parent: a guest that is resumed needs about what it needed the last time.
 *
 * It is a hint: without one, the next restore records another.
 */
export async function carryWorkingSet(parent: Snapshot, draft: SnapshotDraft): Promise<void> {
  const target = join(draft.directory, WORKING_SET_FILE)
  try {
    await copyFile(parent.workingSetPath, target)
  } catch {
    await rm(target, { force: true })
  }
}
