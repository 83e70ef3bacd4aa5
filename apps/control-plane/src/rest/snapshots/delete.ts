import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { deleteSnapshot } from "../../operations/delete-snapshot.ts"
import type { RouteHandler } from "../route-handler.ts"

export function deleteSnapshotRoute(context: Context): RouteHandler<typeof ROUTES.deleteSnapshot> {
  return async ({ name }) => await deleteSnapshot(context, name)
}
