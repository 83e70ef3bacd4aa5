import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { removeFile } from "../../operations/change-files.ts"
import type { RouteHandler } from "../route-handler.ts"

export function removeFileRoute(context: Context): RouteHandler<typeof ROUTES.removeFile> {
  return async ({ id, input }) => {
    await removeFile(context, id, input)
    return {}
  }
}
