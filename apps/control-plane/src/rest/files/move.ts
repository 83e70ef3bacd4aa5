import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { moveFile } from "../../operations/change-files.ts"
import type { RouteHandler } from "../route-handler.ts"
import { toFileEntryBody } from "./to-file-entry-body.ts"

export function moveFileRoute(context: Context): RouteHandler<typeof ROUTES.moveFile> {
  return async ({ id, input }) => ({ entry: toFileEntryBody(await moveFile(context, id, input)) })
}
