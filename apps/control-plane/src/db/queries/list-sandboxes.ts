import type { SandboxId, SandboxStatus } from "@thaw/model"
import { sql } from "kysely"

import { toSandboxRecord, type SandboxRecord } from "../sandbox-row.ts"
import type { Database } from "../schema/database.ts"

/** Place of a sandbox in the list, newest first */
export interface ListPosition {
  readonly createdAt: Date
  readonly id: SandboxId
}

export interface ListFilter {
  /** Any of them */
  readonly status?: readonly SandboxStatus[] | undefined
  readonly template?: string | undefined
  /** All of them */
  readonly metadata: Readonly<Record<string, string>>
  /** Only what comes after this */
  readonly after?: ListPosition | undefined
  readonly limit: number
}

/** Lists sandboxes, newest first */
export async function listSandboxes(db: Database, filter: ListFilter): Promise<SandboxRecord[]> {
  let query = db
    .selectFrom("sandboxes")
    .selectAll()
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(filter.limit)
  if (filter.status !== undefined) query = query.where("status", "in", filter.status)
  if (filter.template !== undefined) query = query.where("template", "=", filter.template)
  if (Object.keys(filter.metadata).length > 0) {
    query = query.where(sql<boolean>`metadata @> ${JSON.stringify(filter.metadata)}::jsonb`)
  }
  if (filter.after !== undefined) {
    const { createdAt, id } = filter.after
    query = query.where(sql<boolean>`(created_at, id) < (${createdAt}::timestamptz, ${id}::text)`)
  }
  return (await query.execute()).map(toSandboxRecord)
}
