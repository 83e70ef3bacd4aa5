import type { FastifyRequest } from "fastify"

/** A transfer in which nothing has moved for this long, in either direction, is not going to; a disk may take its time to sync a large file */
const IDLE_MS = 120_000

/**
 * Cuts off the client of an upload or download that has come to a halt, at whichever end.
 *
 * Node destroys a socket that times out, sets another timeout for the time between requests, and none for the next request.
 */
export function limitIdle(request: FastifyRequest): void {
  request.raw.socket.setTimeout(IDLE_MS)
}
