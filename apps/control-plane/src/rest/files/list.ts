import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { listFiles } from "../../operations/change-files.ts"
import type { RouteHandler } from "../route-handler.ts"
import { toFileEntryBody } from "./to-file-entry-body.ts"

export function listFilesRoute(context: Context): RouteHandler<typeof ROUTES.listFiles> {
  return async ({ id, input }) => {
    const { entries, truncated } = await listFiles(context, id, input)
    return { entries: entries.map(toFileEntryBody), ...(truncated ? { truncated } : {}) }
  }
}
