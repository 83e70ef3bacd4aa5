import type { FastifyReply } from "fastify"

import { PlatformError } from "@thaw/model"

/** A signal that is aborted when the client goes away before it has its answer */
export function clientGone(reply: FastifyReply): AbortSignal {
  const aborter = new AbortController()
  const onClose = () => {
    if (!reply.raw.writableFinished) aborter.abort(new PlatformError("canceled", "the client went away"))
  }
  if (reply.raw.closed) onClose()
  else reply.raw.once("close", onClose)
  return aborter.signal
}
