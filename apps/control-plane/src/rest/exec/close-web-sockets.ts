import type { WebSocketServer } from "ws"

const CLOSE_GRACE_MS = 1_000
/** RFC 6455 §7.4.1 */
const CLOSE_GOING_AWAY = 1001

/** Closes every WebSocket of a server that goes down, and cuts off the clients that do not answer soon */
export function closeWebSockets(server: WebSocketServer, done: () => void): void {
  for (const client of server.clients) client.close(CLOSE_GOING_AWAY, "the control plane stops")
  const timer = setTimeout(() => {
    for (const client of server.clients) client.terminate()
  }, CLOSE_GRACE_MS)
  server.close(() => {
    clearTimeout(timer)
    done()
  })
}
