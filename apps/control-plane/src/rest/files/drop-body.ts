import type { IncomingMessage } from "node:http"

/** What a client gets to notice that it was answered, and to stop sending */
const DROP_MS = 30_000

/**
 * Reads the rest of a body that nobody wants, and drops it.
 *
 * Many clients read an answer only when they have sent everything; closing the connection at once would lose it to them.
 */
export function dropBody(request: IncomingMessage): void {
  request.unpipe()
  request.resume()
  const timer = setTimeout(() => request.destroy(), DROP_MS)
  request.once("end", () => clearTimeout(timer))
  request.once("close", () => clearTimeout(timer))
}
