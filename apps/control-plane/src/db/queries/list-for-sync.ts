import { SANDBOX_STATUSES, type SandboxStatus } from "@thaw/model"

import { toSandboxRecord, type SandboxRecord } from "../sandbox-row.ts"
import type { Database } from "../schema/database.ts"

const ENDED: readonly SandboxStatus[] = ["stopped", "error"]
/** By name, for the index on the status: the ended ones are the whole history */
const LIVE = SANDBOX_STATUSES.filter((status) => !ENDED.includes(status))

/** Reads every sandbox of a host that has not ended */
export async function listLiveSandboxes(db: Database, hostId: string): Promise<SandboxRecord[]> {
  const rows = await db
    .selectFrom("sandboxes")
    .selectAll()
    .where("host_id", "=", hostId)
    .where("status", "in", LIVE)
    .execute()
  return rows.map(toSandboxRecord)
}

/** Reads those of `ids` that have ended */
export async function listEndedSandboxes(db: Database, ids: readonly string[]): Promise<SandboxRecord[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom("sandboxes")
    .selectAll()
    .where("id", "in", ids)
    .where("status", "in", ENDED)
    .execute()
  return rows.map(toSandboxRecord)
}
