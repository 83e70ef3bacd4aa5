import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { listTemplates } from "../../db/queries/templates.ts"
import type { RouteHandler } from "../route-handler.ts"
import { toTemplateBody } from "./to-template-body.ts"

export function listSnapshotsRoute(context: Context): RouteHandler<typeof ROUTES.listSnapshots> {
  return async ({ input }) => {
    const templates = await listTemplates(context.db, { type: input.type })
    return { items: templates.map(toTemplateBody) }
  }
}
