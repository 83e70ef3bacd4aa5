import type { ColumnType } from "kysely"

export interface ApiKeysTable {
  readonly id: ColumnType<string, string, never>
  readonly name: string
  /** First characters of the key, to find it by */
  readonly prefix: ColumnType<string, string, never>
  /** SHA-256 of the key, in hexadecimal */
  readonly hash: ColumnType<string, string, never>
  readonly created_at: ColumnType<Date, Date, never>
  readonly last_used_at: Date | null
}
