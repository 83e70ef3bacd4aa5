import type { Migration } from "kysely"

import { initialMigration } from "./0001-initial.ts"

/** Every migration by name, in order; listed by hand so that each import is visible */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-initial": initialMigration,
}
