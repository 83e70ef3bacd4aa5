import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely"
import type { Pool } from "pg"

import { QUERY_TIMEOUT_MESSAGE } from "./database-unavailable.ts"

/** A pool in which a connection that left a query without an answer is not lent again: the next query would wait behind that one */
export function discardSilent(pool: Pool): PostgresPool {
  return {
    connect: async () => {
      const client = await pool.connect()
      let isSilent = false
      const query = async <R>(text: string, parameters: readonly unknown[]) => {
        try {
          const { command, rowCount, rows } = await client.query(text, [...parameters])
          return { command, rowCount, rows } as PostgresQueryResult<R>
        } catch (error) {
          isSilent ||= error instanceof Error && error.message === QUERY_TIMEOUT_MESSAGE
          throw error
        }
      }
      // Kysely's other form, with a cursor, is for streamed queries, of which there are none.
      return { query: query as PostgresPoolClient["query"], release: () => client.release(isSilent) }
    },
    end: () => pool.end(),
  }
}
