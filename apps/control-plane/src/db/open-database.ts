import { Kysely, PostgresDialect } from "kysely"
import { Pool, types } from "pg"

import type { DatabaseConfig } from "../config.ts"
import type { Logger } from "../logger.ts"
import { discardSilent } from "./discard-silent.ts"
import { migrate } from "./migrate.ts"
import { openPglite } from "./pglite/open-pglite.ts"
import { PgliteDialect } from "./pglite/pglite-dialect.ts"
import type { Database, DatabaseSchema } from "./schema/database.ts"

const POOL_SIZE_MAX = 10
const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 30_000
const QUERY_TIMEOUT_MS = 35_000
const KEEP_ALIVE_DELAY_MS = 10_000

/** Opens a database and brings its schema up to date */
export async function openDatabase(config: DatabaseConfig, log: Logger): Promise<Database & AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  const db =
    config.kind === "pglite" ? await connectPglite(config.dir, stack) : connectPostgres(config.url, log)
  stack.defer(() => db.destroy())
  await migrate(db)
  const resources = stack.move()
  return Object.assign(db, { [Symbol.asyncDispose]: () => resources.disposeAsync() })
}

async function connectPglite(dir: string, stack: AsyncDisposableStack): Promise<Database> {
  const pglite = stack.use(await openPglite(dir))
  return new Kysely<DatabaseSchema>({ dialect: new PgliteDialect(pglite) })
}

function connectPostgres(url: string, log: Logger): Database {
  const pool = new Pool({
    connectionString: url,
    max: POOL_SIZE_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    // The statement's own timeout is the server's: one that is gone without a word is found by this one.
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    types: { getTypeParser },
  })
  // An idle connection that breaks is replaced at the next query.
  pool.on("error", (error) => log.warn({ err: error }, "an idle connection to the database broke"))
  return new Kysely<DatabaseSchema>({ dialect: new PostgresDialect({ pool: discardSilent(pool) }) })
}

/** 64-bit numbers of this schema stay far below 2^53 */
function getTypeParser(...[oid, format]: Parameters<typeof types.getTypeParser>): unknown {
  return oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format)
}
