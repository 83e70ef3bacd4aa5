import type { SandboxId } from "@thaw/model"

import { toSandboxRecord, type SandboxRecord } from "../sandbox-row.ts"
import type { Database } from "../schema/database.ts"

/** Reads one sandbox; undefined when there is none of that id */
export async function getSandbox(db: Database, id: SandboxId): Promise<SandboxRecord | undefined> {
  const row = await db.selectFrom("sandboxes").selectAll().where("id", "=", id).executeTakeFirst()
  return row === undefined ? undefined : toSandboxRecord(row)
}
