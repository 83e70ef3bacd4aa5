import type { Kysely } from "kysely"

import type { ApiKeysTable } from "./api-keys-table.ts"
import type { SandboxesTable } from "./sandboxes-table.ts"
import type { TemplatesTable } from "./templates-table.ts"

export interface DatabaseSchema {
  readonly sandboxes: SandboxesTable
  readonly templates: TemplatesTable
  readonly api_keys: ApiKeysTable
}

export type Database = Kysely<DatabaseSchema>
