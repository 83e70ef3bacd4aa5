import type { IncomingHttpHeaders, IncomingMessage } from "node:http"

import { ROUTES } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import type { FastifyInstance } from "fastify"

import { checkOrigin } from "../../auth/check-origin.ts"
import type { Context } from "../../context.ts"
import { findSandboxFor } from "../../operations/find-sandbox.ts"
import { sandboxIdOf, toFastifyPath } from "../route-handler.ts"
import { serveExecStream } from "./serve-exec-stream.ts"

const PATH_END = /\/exec\/stream(?:\?|$)/
/** RFC 6455 §4.1: 16 bytes in base64 */
const KEY = /^[+/0-9A-Za-z]{22}==$/
const VERSION = "13"

/** Whether a connection is to be upgraded. Others that ask, such as curl for `h2c`, are answered as if they had not. */
export function asksForExecStream(request: IncomingMessage): boolean {
  const { method, headers, url = "" } = request
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket" && PATH_END.test(url)
}

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
      checkHandshake(request.headers)
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

/** What `ws` would refuse in a shape of its own */
function checkHandshake(headers: IncomingHttpHeaders): void {
  if (!KEY.test(headers["sec-websocket-key"] ?? "")) {
    throw new PlatformError("invalid_argument", "the upgrade has no valid Sec-WebSocket-Key")
  }
  if (headers["sec-websocket-version"] !== VERSION) {
    throw new PlatformError("invalid_argument", `the upgrade must have Sec-WebSocket-Version ${VERSION}`)
  }
}
