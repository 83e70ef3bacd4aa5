import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { findSandbox } from "../../operations/find-sandbox.ts"
import type { RouteHandler } from "../route-handler.ts"
import { toSandboxBody } from "./to-sandbox-body.ts"

export function getSandboxRoute(context: Context): RouteHandler<typeof ROUTES.getSandbox> {
  return async ({ id }) => toSandboxBody(await findSandbox(context, id))
}
