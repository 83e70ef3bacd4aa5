import { copyFile } from "node:fs/promises"
import { join } from "node:path"

import type { Snapshot } from "./read-snapshot.ts"
import type { SnapshotDraft } from "./snapshot-draft.ts"
import { WORKING_SET_FILE } from "./snapshot-files.ts"

/** Gives a snapshot in the making the working set of its parent: a guest that is resumed needs about what it needed the last time */
export async function carryWorkingSet(parent: Snapshot, draft: SnapshotDraft): Promise<void> {
  try {
    await copyFile(parent.workingSetPath, join(draft.directory, WORKING_SET_FILE))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
  }
}
