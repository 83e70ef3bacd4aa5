import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { findTemplate } from "../../operations/find-template.ts"
import type { RouteHandler } from "../route-handler.ts"
import { toTemplateBody } from "./to-template-body.ts"

export function getSnapshotRoute(context: Context): RouteHandler<typeof ROUTES.getSnapshot> {
  return async ({ name }) => toTemplateBody(await findTemplate(context, name))
}
