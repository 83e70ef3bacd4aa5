import type { ColumnType } from "kysely"

type FixedTime = ColumnType<Date, Date, never>

export interface SandboxesTable {
  readonly id: ColumnType<string, string, never>
  readonly host_id: ColumnType<string, string, never>
  readonly template: ColumnType<string, string, never>
  readonly status: string
  /** Why the sandbox is stopped or in error */
  readonly reason: string | null
  readonly vcpus: ColumnType<number, number, never>
  readonly memory_mib: ColumnType<number, number, never>
  readonly timeout_sec: ColumnType<number, number, never>
  /** Written as JSON text */
  readonly metadata: ColumnType<Record<string, string>, string, never>
  /** Grows by one with every change of the status */
  readonly revision: number
  readonly created_at: FixedTime
  readonly started_at: Date | null
  readonly updated_at: Date
  readonly expires_at: Date | null
}
