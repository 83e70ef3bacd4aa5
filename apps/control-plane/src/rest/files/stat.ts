import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { statFile } from "../../operations/change-files.ts"
import type { RouteHandler } from "../route-handler.ts"
import { toFileEntryBody } from "./to-file-entry-body.ts"

export function statFileRoute(context: Context): RouteHandler<typeof ROUTES.statFile> {
  return async ({ id, input }) => ({ entry: toFileEntryBody(await statFile(context, id, input)) })
}
