import { isUtf8 } from "node:buffer"
import type { IncomingMessage } from "node:http"

import { LIMITS, PlatformError } from "@thaw/model"
import type { FastifyInstance } from "fastify"

/** A body of at most 8 MiB that takes longer than this to come is from a client that holds on to its connection */
const BODY_TIMEOUT_MS = 60_000

/** Takes JSON bodies only: UTF-8, of limited size, within a limited time, without keys that reach for prototypes */
export function addJsonBodyParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  const parse = app.getDefaultJsonParser("error", "error")
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer", bodyLimit: LIMITS.jsonBodyBytesMax },
    (request, body, done) => {
      const bytes = body as Buffer
      if (bytes.length === 0) return done(null, undefined)
      if (!isUtf8(bytes)) return done(new PlatformError("invalid_argument", "body is not valid UTF-8"))
      // oxlint-disable-next-line typescript/no-floating-promises -- Fastify's parser calls back and returns nothing
      parse(request, bytes.toString("utf8"), (error, value) => {
        if (error === null) done(null, value)
        else
          done(new PlatformError("invalid_argument", `body is not JSON: ${error.message}`, { cause: error }))
      })
    },
  )
  app.addHook("onRequest", async (request) => {
    const { raw } = request
    // An upgraded connection, or a request without a body, never comes to the end of one.
    if (request.ws || !hasBody(raw)) return
    if (raw.headers["content-type"]?.toLowerCase().startsWith("application/json") !== true) return
    const timer = setTimeout(() => raw.destroy(), BODY_TIMEOUT_MS)
    raw.once("end", () => clearTimeout(timer))
    raw.once("close", () => clearTimeout(timer))
  })
}

/** RFC 9112 §6.3 */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0
}
