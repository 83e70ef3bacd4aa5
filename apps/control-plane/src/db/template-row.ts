import assert from "node:assert/strict"

import { TEMPLATE_TYPES, type TemplateType } from "@thaw/api"
import type { Selectable } from "kysely"

import type { TemplatesTable } from "./schema/templates-table.ts"

/** A template as the database knows it */
export interface TemplateRecord {
  readonly name: string
  readonly hostId: string
  readonly type: TemplateType
  /** Baked into a snapshot; undefined for a base template, which takes any */
  readonly vcpus: number | undefined
  readonly memoryMib: number | undefined
  readonly sizeBytes: number
  readonly createdAt: Date
  readonly parent: string | undefined
  readonly sandboxId: string | undefined
  readonly stopMs: number | undefined
}

export function toTemplateRecord(row: Selectable<TemplatesTable>): TemplateRecord {
  const type = toTemplateType(row.type)
  assert(type !== undefined, `the database has a template of type "${row.type}"`)
  return {
    name: row.name,
    hostId: row.host_id,
    type,
    vcpus: row.vcpus ?? undefined,
    memoryMib: row.memory_mib ?? undefined,
    sizeBytes: row.size_bytes,
    createdAt: row.created_at,
    parent: row.parent ?? undefined,
    sandboxId: row.sandbox_id ?? undefined,
    stopMs: row.stop_ms ?? undefined,
  }
}

/** Narrows text of a host or a database; undefined when it is none */
export function toTemplateType(text: string): TemplateType | undefined {
  return TEMPLATE_TYPES.find((type) => type === text)
}
