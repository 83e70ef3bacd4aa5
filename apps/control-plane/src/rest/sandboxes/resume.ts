import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { resumeSandbox } from "../../operations/resume-sandbox.ts"
import type { RouteHandler } from "../route-handler.ts"
import { toSandboxBody } from "./to-sandbox-body.ts"

export function resumeSandboxRoute(context: Context): RouteHandler<typeof ROUTES.resumeSandbox> {
  return async ({ id }) => toSandboxBody(await resumeSandbox(context, id))
}
