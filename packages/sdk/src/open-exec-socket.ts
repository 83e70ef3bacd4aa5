import type { IncomingMessage } from "node:http"

import { PlatformError } from "@thaw/model"
import { WebSocket } from "ws"

import { readError } from "./read-body.ts"

const HANDSHAKE_TIMEOUT_MS = 30_000
/** Above the longest message: one chunk of output in base64 */
const MESSAGE_BYTES_MAX = 1024 * 1024

/**
 * Opens a WebSocket.
 *
 * @throws {PlatformError} the error the server answers the handshake with; `unavailable` when there is no answer
 */
export async function openExecSocket(
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<WebSocket> {
  const socketUrl = new URL(url)
  socketUrl.protocol = url.protocol === "https:" ? "wss:" : "ws:"
  const socket = new WebSocket(socketUrl, {
    headers,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  })
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>()
  socket.once("open", () => resolve(socket))
  socket.once("unexpected-response", (_request: unknown, response: IncomingMessage) => {
    readError(response).then(reject, reject)
  })
  socket.on("error", (error: NodeJS.ErrnoException) => {
    const reason = error.code ?? error.message
    reject(new PlatformError("unavailable", `no answer from ${url.origin} (${reason})`, { cause: error }))
  })
  return await promise
}
