import type { ColumnType } from "kysely"

/** Mirrors what the host says of its templates */
export interface TemplatesTable {
  readonly name: ColumnType<string, string, never>
  readonly host_id: string
  /** `base` or `snapshot` */
  readonly type: string
  /** Baked into a snapshot; null for a base template */
  readonly vcpus: number | null
  readonly memory_mib: number | null
  readonly size_bytes: number
  readonly created_at: Date
  readonly parent: string | null
  readonly sandbox_id: string | null
  readonly stop_ms: number | null
}
