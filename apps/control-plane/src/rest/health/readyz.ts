import { setTimeout as sleep } from "node:timers/promises"

import type { ROUTES } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import { sql } from "kysely"

import type { Context } from "../../context.ts"
import type { RouteHandler } from "../route-handler.ts"

const CHECK_TIMEOUT_MS = 2_000

/** Database and host agent answer; otherwise `unavailable` names those that do not */
export function readyzRoute(context: Context): RouteHandler<typeof ROUTES.readyz> {
  return async () => {
    const [database, hostAgent] = await Promise.all([
      answers(sql`select 1`.execute(context.db)),
      answers(context.host.client.getHost({}, { timeoutMs: CHECK_TIMEOUT_MS })),
    ])
    if (database && hostAgent) return { status: "ok", checks: { database: "ok", host_agent: "ok" } }
    const missing = [...(database ? [] : ["database"]), ...(hostAgent ? [] : ["host agent"])]
    throw new PlatformError("unavailable", `no answer from ${missing.join(" and ")}`, {
      details: {
        checks: { database: database ? "ok" : "unavailable", host_agent: hostAgent ? "ok" : "unavailable" },
      },
    })
  }
}

async function answers(check: Promise<unknown>): Promise<boolean> {
  const aborter = new AbortController()
  const deadline = sleep(CHECK_TIMEOUT_MS, false, { signal: aborter.signal }).catch(() => false)
  const outcome = check.then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([outcome, deadline])
  } finally {
    aborter.abort()
  }
}
