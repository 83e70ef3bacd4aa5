import type { ExecStart } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import type { FastifyBaseLogger } from "fastify"
import type { WebSocket } from "ws"

import type { Context } from "../../context.ts"
import { FallibleSource } from "../../operations/fallible-source.ts"
import { toErrorBody } from "../error-answer.ts"
import { toPlatformError } from "../to-platform-error.ts"
import { parseClientMessage, toRequests, toStartRequest, type ExecStreamRequest } from "./client-message.ts"
import { ExecSocket } from "./exec-socket.ts"
import { toServerMessage } from "./server-message.ts"

/** A client that has said nothing by then is not going to */
const START_TIMEOUT_MS = 30_000
/** RFC 6455 §7.4.1 */
const CLOSE_NORMAL = 1000
const CLOSE_POLICY = 1008
const CLOSE_TOO_LARGE = 1009
const CLOSE_INTERNAL = 1011

export interface ExecStreamOptions {
  readonly context: Context
  readonly socket: WebSocket
  readonly sandboxId: string
  readonly log: FastifyBaseLogger
}

/** Runs one command over a WebSocket, from the client's `start` to `exit` or `error`. Does not raise. */
export async function serveExecStream(options: ExecStreamOptions): Promise<void> {
  using socket = new ExecSocket(options.socket)
  try {
    const messages = socket[Symbol.asyncIterator]()
    const start = await readStart(messages, socket)
    await relay(options, { socket, messages, start })
    socket.close(CLOSE_NORMAL, "")
  } catch (thrown) {
    if (socket.closed.aborted) return
    const error = toPlatformError(thrown)
    if (error.code === "internal") options.log.error({ err: thrown }, "an exec stream failed unexpectedly")
    await socket.send({ type: "error", ...toErrorBody(error) })
    socket.close(closeCodeOf(error), error.code)
  }
}

function closeCodeOf({ code }: PlatformError): number {
  if (code === "invalid_argument") return CLOSE_POLICY
  return code === "payload_too_large" ? CLOSE_TOO_LARGE : CLOSE_INTERNAL
}

async function readStart(messages: AsyncGenerator<string>, socket: ExecSocket): Promise<ExecStart> {
  const timeout = AbortSignal.timeout(START_TIMEOUT_MS)
  const late = Promise.withResolvers<never>()
  const onTimeout = () =>
    late.reject(new PlatformError("deadline_exceeded", `no "start" came within ${START_TIMEOUT_MS} ms`))
  timeout.addEventListener("abort", onTimeout)
  try {
    const first = await Promise.race([messages.next(), late.promise])
    if (first.done === true) throw socket.closed.reason
    const message = parseClientMessage(first.value)
    if (message.type === "start") return message
    throw new PlatformError("invalid_argument", `the first message is "${message.type}", wanted "start"`)
  } finally {
    timeout.removeEventListener("abort", onTimeout)
  }
}

interface Relay {
  readonly socket: ExecSocket
  readonly messages: AsyncGenerator<string>
  readonly start: ExecStart
}

async function relay(options: ExecStreamOptions, { socket, messages, start }: Relay): Promise<void> {
  const aborter = new AbortController()
  const source = new FallibleSource(toHostRequests(messages))
  async function* requests(): AsyncGenerator<ExecStreamRequest> {
    yield toStartRequest(options.sandboxId, start)
    // Not `yield*`, through which a failure of the call would get into the source.
    for await (const request of source) yield request
    aborter.abort()
  }
  const signal = AbortSignal.any([aborter.signal, socket.closed])
  try {
    for await (const response of options.context.host.client.execStream(requests(), { signal })) {
      const message = toServerMessage(response)
      // Waits for the client: until then nothing more is taken from the host agent, which then slows the guest.
      if (message !== undefined) await socket.send(message)
    }
  } catch (error) {
    throw source.hasFailed ? source.failure : error
  } finally {
    aborter.abort()
  }
}

/** Takes messages one by one, as the host agent takes them: the socket is not read in between */
async function* toHostRequests(messages: AsyncGenerator<string>): AsyncGenerator<ExecStreamRequest> {
  for await (const text of messages) yield* toRequests(parseClientMessage(text))
}
