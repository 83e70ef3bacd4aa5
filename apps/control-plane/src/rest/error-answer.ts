import type { ErrorBody } from "@thaw/api"
import { HTTP_STATUS, type PlatformError } from "@thaw/model"
import type { FastifyReply, FastifyRequest } from "fastify"

import { toPlatformError } from "./to-platform-error.ts"

const SERVER_ERROR_MIN = 500

/** What a client is told of an error. The text of an `internal` one stays in the log. */
export function toErrorBody(error: PlatformError): ErrorBody {
  if (error.code === "internal") return { error: { code: "internal", message: "internal error" } }
  const { code, message, details } = error
  return { error: { code, message, ...(details === undefined ? {} : { details }) } }
}

/** Answers a request with an error: the only place where codes become HTTP statuses */
export async function answerError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const error = toPlatformError(thrown)
  const status = HTTP_STATUS[error.code]
  if (error.code === "internal") request.log.error({ err: thrown }, "a request failed unexpectedly")
  // One without a cause, such as a command's timeout, is the answer to what the client asked for.
  else if (status >= SERVER_ERROR_MIN && error.cause !== undefined) {
    request.log.warn({ err: error }, "a request failed")
  }
  await reply.code(status).type("application/json; charset=utf-8").send(toErrorBody(error))
}
