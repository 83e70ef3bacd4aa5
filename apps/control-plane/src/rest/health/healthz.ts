import type { ROUTES } from "@thaw/api"

import type { RouteHandler } from "../route-handler.ts"

/** The process is up, whatever else is not */
export function healthzRoute(): RouteHandler<typeof ROUTES.healthz> {
  return async () => ({ status: "ok" })
}
