import type { Migration } from "kysely"

import { initialMigration } from "./0001-initial.ts"
import { pauseAndTemplatesMigration } from "./0002-pause-and-templates.ts"

/** Every migration by name, in order; listed by hand so that each import is visible */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-initial": initialMigration,
  "0002-pause-and-templates": pauseAndTemplatesMigration,
}
