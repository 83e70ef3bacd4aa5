import type { PauseReportBody } from "@thaw/api"
import type { ColumnType } from "kysely"

type FixedTime = ColumnType<Date, Date, never>

export interface SandboxesTable {
  readonly id: ColumnType<string, string, never>
  readonly host_id: ColumnType<string, string, never>
  readonly template: ColumnType<string, string, never>
  readonly status: string
  /** Why the sandbox is stopped, in error, or paused without having been asked to */
  readonly reason: string | null
  readonly vcpus: ColumnType<number, number, never>
  readonly memory_mib: ColumnType<number, number, never>
  readonly timeout_sec: number
  /** `destroy` or `pause` */
  readonly on_timeout: string
  /** Written as JSON text */
  readonly metadata: ColumnType<Record<string, string>, string, string>
  /** The last pause; written as JSON text */
  readonly pause: ColumnType<PauseReportBody | null, null, string>
  /** Grows by one with every change of the status */
  readonly revision: number
  readonly created_at: FixedTime
  readonly started_at: Date | null
  readonly updated_at: Date
  readonly expires_at: Date | null
  /** By the host's clock, when the status that it last reported and that counted here began */
  readonly host_changed_at: Date | null
}
