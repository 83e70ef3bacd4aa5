import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { pauseSandbox } from "../../operations/pause-sandbox.ts"
import type { RouteHandler } from "../route-handler.ts"
import { toSandboxBody } from "./to-sandbox-body.ts"

export function pauseSandboxRoute(context: Context): RouteHandler<typeof ROUTES.pauseSandbox> {
  return async ({ id }) => toSandboxBody(await pauseSandbox(context, id))
}
