import { constants, type ClientHttp2Session, type ClientSessionOptions } from "node:http2"

import { Code, ConnectError } from "@connectrpc/connect"
import { Http2SessionManager } from "@connectrpc/connect-node"

export interface PingOptions {
  readonly intervalMs: number
  readonly timeoutMs: number
}

/**
 * Keeps one connection, and drops it, with the calls under way, when the other end is gone without a word; the next call opens another.
 *
 * The base class has pings of its own (connect-node 2.1), which are left off: it goes on to ping a connection that is destroyed, and
 * takes its listener off before the error of one that it destroys is raised. Both end the process.
 */
export class PingingSessionManager extends Http2SessionManager {
  readonly #ping: PingOptions
  readonly #watched = new WeakSet<ClientHttp2Session>()

  /** @param sessionOptions Such as how to connect */
  constructor(url: string, ping: PingOptions, sessionOptions: ClientSessionOptions = {}) {
    super(url, undefined, sessionOptions)
    this.#ping = ping
  }

  override async request(...call: Parameters<Http2SessionManager["request"]>) {
    const stream = await super.request(...call)
    const session = stream.session as ClientHttp2Session | undefined
    if (session !== undefined && !this.#watched.has(session)) {
      this.#watched.add(session)
      keepPinging(session, this.#ping)
    }
    return stream
  }
}

function keepPinging(session: ClientHttp2Session, { intervalMs, timeoutMs }: PingOptions): void {
  let timer: NodeJS.Timeout | undefined
  const waitAndPing = () => {
    timer = setTimeout(ping, intervalMs).unref()
  }
  const ping = () => {
    timer = setTimeout(() => {
      const error = new ConnectError(`no answer to a ping within ${timeoutMs} ms`, Code.Unavailable)
      session.destroy(error, constants.NGHTTP2_CANCEL)
    }, timeoutMs).unref()
    session.ping((error) => {
      clearTimeout(timer)
      if (error === null && !session.destroyed) waitAndPing()
    })
  }
  // Whoever has a call on the connection is told by the call.
  session.on("error", () => undefined)
  session.once("close", () => clearTimeout(timer))
  waitAndPing()
}
