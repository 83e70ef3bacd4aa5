import {
  request as requestHttp,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http"
import { request as requestHttps } from "node:https"
import type { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"

import type { HttpMethod } from "@thaw/api"
import { PlatformError } from "@thaw/model"

export interface HttpRequest {
  readonly method: HttpMethod
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Readable
  readonly signal?: AbortSignal
}

/**
 * Sends one request and answers as soon as the head of the response is there.
 *
 * Without a deadline of its own: a call may run as long as the command it waits for. A server that answers before it has read the whole
 * body (404, 413) is heard.
 *
 * @throws {PlatformError} `unavailable` when no answer comes, `canceled` when `signal` aborts
 */
export async function sendRequest(request: HttpRequest): Promise<IncomingMessage> {
  const options: RequestOptions = {
    method: request.method,
    headers: request.headers,
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  }
  const outgoing =
    request.url.protocol === "https:" ? requestHttps(request.url, options) : requestHttp(request.url, options)
  const response = waitForResponse(outgoing)
  const source = watchSource(request.body, outgoing)
  try {
    sendBody(outgoing, request.body)
    return await response
  } catch (error) {
    throw source.error === undefined ? toTransportError(error, request) : source.error
  }
}

function waitForResponse(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once("response", resolve)
    // A later error, as when the server closes after an early answer, has nobody to tell.
    outgoing.on("error", reject)
  })
}

/** Tells an unreadable source from a broken connection: which of the two failed first */
function watchSource(body: string | Readable | undefined, outgoing: ClientRequest): { error: unknown } {
  const source: { error: unknown } = { error: undefined }
  let isConnectionBroken = false
  outgoing.prependListener("error", () => {
    isConnectionBroken = true
  })
  if (typeof body === "object") {
    body.once("error", (error) => {
      if (!isConnectionBroken) source.error = error
    })
  }
  return source
}

function sendBody(outgoing: ClientRequest, body: string | Readable | undefined): void {
  if (typeof body !== "object") {
    outgoing.end(body)
    return
  }
  // A failure reaches the caller as the request's error.
  pipeline(body, outgoing).catch(() => undefined)
}

function toTransportError(error: unknown, request: HttpRequest): PlatformError {
  if (request.signal?.aborted === true) {
    return new PlatformError("canceled", `${request.method} ${request.url.pathname} was canceled`, {
      cause: error,
    })
  }
  const code = (error as NodeJS.ErrnoException).code ?? "no answer"
  return new PlatformError("unavailable", `no answer from ${request.url.origin} (${code})`, { cause: error })
}
