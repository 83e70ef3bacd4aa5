import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { destroySandbox } from "../../operations/destroy-sandbox.ts"
import type { RouteHandler } from "../route-handler.ts"

export function deleteSandboxRoute(context: Context): RouteHandler<typeof ROUTES.deleteSandbox> {
  return async ({ id }) => await destroySandbox(context, id)
}
