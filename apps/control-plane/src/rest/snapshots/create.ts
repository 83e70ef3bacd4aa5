import type { ROUTES } from "@thaw/api"

import type { Context } from "../../context.ts"
import { createSnapshot } from "../../operations/create-snapshot.ts"
import type { RouteHandler } from "../route-handler.ts"
import { toTemplateBody } from "./to-template-body.ts"

export function createSnapshotRoute(context: Context): RouteHandler<typeof ROUTES.createSnapshot> {
  return async ({ input, query }) => toTemplateBody(await createSnapshot(context, input, query))
}
