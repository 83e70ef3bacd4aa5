import { randomUUID } from "node:crypto"
import type { IncomingMessage } from "node:http"

const HEADER = "x-request-id"

/** The id by which a request is found in the log: the client's own when it is a harmless one, else a new one */
export function requestIdOf(request: Pick<IncomingMessage, "headers">): string {
  const given = request.headers[HEADER]
  return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID()
}
