import { PlatformError } from "@thaw/model"

/**
 * Refuses a browser's WebSocket from a page of another site: browsers open those without asking the server, unlike other requests.
 *
 * Clients that are no browsers send no Origin.
 */
export function checkOrigin(headers: {
  readonly origin?: string | undefined
  readonly host?: string | undefined
}): void {
  const { origin, host } = headers
  if (origin === undefined) return
  if (URL.canParse(origin) && new URL(origin).host === host) return
  throw new PlatformError("permission_denied", "WebSockets are open to pages of this server only")
}
