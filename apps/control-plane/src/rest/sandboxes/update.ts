import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { updateSandbox } from "../../operations/update-sandbox.ts"
import type { RouteHandler } from "../route-handler.ts"
import { toSandboxBody } from "./to-sandbox-body.ts"

export function updateSandboxRoute(context: Context): RouteHandler<typeof ROUTES.updateSandbox> {
  return async ({ id, input }) => toSandboxBody(await updateSandbox(context, id, input))
}
