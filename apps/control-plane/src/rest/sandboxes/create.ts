import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { createSandbox } from "../../operations/create-sandbox.ts"
import type { RouteHandler } from "../route-handler.ts"
import { toSandboxBody } from "./to-sandbox-body.ts"

export function createSandboxRoute(context: Context): RouteHandler<typeof ROUTES.createSandbox> {
  return async ({ input }) => toSandboxBody(await createSandbox(context, input))
}
