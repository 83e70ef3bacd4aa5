import { ROUTES } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import type { FastifyInstance } from "fastify"

import { checkOrigin } from "../../auth/check-origin.ts"
import type { Context } from "../../context.ts"
import { findSandboxFor } from "../../operations/find-sandbox.ts"
import { sandboxIdOf, toFastifyPath } from "../route-handler.ts"
import { serveExecStream } from "./serve-exec-stream.ts"

/** Serves the WebSocket: everything that can be refused is, as HTTP, before the upgrade */
export function registerExecStream(app: FastifyInstance, context: Context): void {
  app.route({
    method: "GET",
    url: toFastifyPath(ROUTES.execStream.path),
    exposeHeadRoute: false,
    preHandler: async (request) => {
      if (!request.ws) {
        throw new PlatformError("invalid_argument", "this route is a WebSocket: ask for an upgrade")
      }
      checkOrigin(request.headers)
      await findSandboxFor(context, sandboxIdOf(request), "exec")
    },
    handler: async () => {
      throw new PlatformError("invalid_argument", "this route is a WebSocket: ask for an upgrade")
    },
    wsHandler: (socket, request) =>
      void serveExecStream({ context, socket, sandboxId: sandboxIdOf(request), log: request.log }),
  })
}
