import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { makeDir } from "../../operations/change-files.ts"
import type { RouteHandler } from "../route-handler.ts"
import { toFileEntryBody } from "./to-file-entry-body.ts"

export function makeDirRoute(context: Context): RouteHandler<typeof ROUTES.makeDir> {
  return async ({ id, input }) => ({ entry: toFileEntryBody(await makeDir(context, id, input)) })
}
