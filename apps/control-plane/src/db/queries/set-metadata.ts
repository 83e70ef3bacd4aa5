import type { SandboxId } from "@thaw/model"

import { toSandboxRecord, type SandboxRecord } from "../sandbox-row.ts"
import type { Database } from "../schema/database.ts"

/**
 * Replaces a sandbox's metadata, whatever its status is; the last of several wins.
 *
 * @returns The sandbox after the change; undefined when there is none of that id
 */
export async function setMetadata(
  db: Database,
  id: SandboxId,
  metadata: Readonly<Record<string, string>>,
): Promise<SandboxRecord | undefined> {
  const row = await db
    .updateTable("sandboxes")
    .set({ metadata: JSON.stringify(metadata), updated_at: new Date() })
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirst()
  return row === undefined ? undefined : toSandboxRecord(row)
}
