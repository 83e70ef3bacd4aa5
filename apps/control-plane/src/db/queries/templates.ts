import type { TemplateType } from "@thaw/api"

import type { Database } from "../schema/database.ts"
import { toTemplateRecord, type TemplateRecord } from "../template-row.ts"

/** Reads one template; undefined when there is none of that name */
export async function getTemplate(db: Database, name: string): Promise<TemplateRecord | undefined> {
  const row = await db.selectFrom("templates").selectAll().where("name", "=", name).executeTakeFirst()
  return row === undefined ? undefined : toTemplateRecord(row)
}

/** Lists templates by name */
export async function listTemplates(
  db: Database,
  filter: { readonly hostId?: string; readonly type?: TemplateType | undefined } = {},
): Promise<TemplateRecord[]> {
  let query = db.selectFrom("templates").selectAll().orderBy("name")
  if (filter.hostId !== undefined) query = query.where("host_id", "=", filter.hostId)
  if (filter.type !== undefined) query = query.where("type", "=", filter.type)
  return (await query.execute()).map(toTemplateRecord)
}

/** Records a template, in the place of one of the same name */
export async function putTemplate(db: Database, template: TemplateRecord): Promise<void> {
  const columns = {
    host_id: template.hostId,
    type: template.type,
    vcpus: template.vcpus ?? null,
    memory_mib: template.memoryMib ?? null,
    size_bytes: template.sizeBytes,
    created_at: template.createdAt,
    parent: template.parent ?? null,
    sandbox_id: template.sandboxId ?? null,
    stop_ms: template.stopMs ?? null,
  }
  await db
    .insertInto("templates")
    .values({ name: template.name, ...columns })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(columns))
    .execute()
}

/** Forgets templates; those that are not there are fine */
export async function deleteTemplates(db: Database, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  await db.deleteFrom("templates").where("name", "in", names).execute()
}
