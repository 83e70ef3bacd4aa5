import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { execCommand } from "../../operations/exec-command.ts"
import { clientGone } from "../client-gone.ts"
import type { RouteHandler } from "../route-handler.ts"

export function execRoute(context: Context): RouteHandler<typeof ROUTES.exec> {
  return async ({ id, input, reply }) =>
    await execCommand(context, { sandboxId: id, request: input, signal: clientGone(reply) })
}
