import type { ROUTES } from "@thaw/api"
import { LIMITS } from "@thaw/model"

import type { Context } from "../../context.ts"
import { listSandboxes } from "../../db/queries/list-sandboxes.ts"
import type { RouteHandler } from "../route-handler.ts"
import { formatCursor, parseCursor } from "./cursor.ts"
import { toSandboxBody } from "./to-sandbox-body.ts"

export function listSandboxesRoute(context: Context): RouteHandler<typeof ROUTES.listSandboxes> {
  return async ({ input }) => {
    const pageSize = input.limit ?? LIMITS.pageSizeDefault
    // One more than is shown tells whether there is a next page.
    const found = await listSandboxes(context.db, {
      status: input.status,
      template: input.template,
      metadata: input.metadata,
      after: input.cursor === undefined ? undefined : parseCursor(input.cursor),
      limit: pageSize + 1,
    })
    const page = found.slice(0, pageSize)
    const last = page.at(-1)
    return {
      items: page.map(toSandboxBody),
      ...(found.length > pageSize && last !== undefined ? { next_cursor: formatCursor(last) } : {}),
    }
  }
}
