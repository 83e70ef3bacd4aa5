import { Migrator } from "kysely"

import { MIGRATIONS } from "./migrations/migrations.ts"
import type { Database } from "./schema/database.ts"

/** Brings the database's schema up to date. Kysely's migrator holds a lock meanwhile, so several processes may start at once. */
export async function migrate(db: Database): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } })
  const { error, results } = await migrator.migrateToLatest()
  if (error === undefined) return
  const failed = results?.find((result) => result.status === "Error")
  throw new Error(
    `migrate the database: ${failed === undefined ? "failed" : `"${failed.migrationName}" failed`}`,
    {
      cause: error,
    },
  )
}
