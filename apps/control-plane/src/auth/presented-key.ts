import type { IncomingHttpHeaders } from "node:http"

import { API_KEY_SUBPROTOCOL_PREFIX } from "@thaw/api"

/**
 * Finds the API key of a request: `X-API-Key`, `Authorization: Bearer`, or, for a browser's WebSocket, which cannot set headers, a
 * subprotocol. Never the URL, which ends up in logs.
 */
export function presentedApiKey(headers: IncomingHttpHeaders): string | undefined {
  const header = headers["x-api-key"]
  if (typeof header === "string") return header
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1]
  if (bearer !== undefined) return bearer
  if (headers.upgrade?.toLowerCase() !== "websocket") return undefined
  const protocols = (headers["sec-websocket-protocol"] ?? "").split(",").map((protocol) => protocol.trim())
  const carrier = protocols.find((protocol) => protocol.startsWith(API_KEY_SUBPROTOCOL_PREFIX))
  return carrier?.slice(API_KEY_SUBPROTOCOL_PREFIX.length)
}
