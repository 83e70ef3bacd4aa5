import { createClient, type Client, type Interceptor } from "@connectrpc/connect"
import { createConnectTransport } from "@connectrpc/connect-node"

import { platformErrorTransport } from "./errors/platform-error-transport.ts"
import { HostAgentService } from "./gen/host_agent_pb.ts"
import { PingingSessionManager, type PingOptions } from "./pinging-session-manager.ts"

export interface HostAgentClientOptions {
  /** For example `http://127.0.0.1:50051` */
  readonly baseUrl: string
  /** Bearer token of the host agent */
  readonly token: string
  /** Default: an end that is gone is noticed within 20 s */
  readonly ping?: PingOptions
}

/** Largest message in either direction: a unary file or output of 4 MiB each way, and room for the rest */
export const RPC_MESSAGE_BYTES_MAX = 16 * 1024 * 1024

/** How soon a connection whose other end is gone without a word is noticed and replaced, with calls under way or without */
const PING: PingOptions = { intervalMs: 10_000, timeoutMs: 10_000 }

export type HostAgentClient = Client<typeof HostAgentService> & Disposable

/** Opens a client of a host agent over HTTP/2 without TLS. Its calls throw `PlatformError`. Disposing closes the connection. */
export function openHostAgentClient(options: HostAgentClientOptions): HostAgentClient {
  const sessionManager = new PingingSessionManager(options.baseUrl, options.ping ?? PING)
  const transport = createConnectTransport({
    httpVersion: "2",
    baseUrl: options.baseUrl,
    sessionManager,
    readMaxBytes: RPC_MESSAGE_BYTES_MAX,
    writeMaxBytes: RPC_MESSAGE_BYTES_MAX,
    // Files and output go over a local network: compressing them costs more than it saves.
    acceptCompression: [],
    interceptors: [bearerInterceptor(options.token)],
  })
  const client = createClient(HostAgentService, platformErrorTransport(transport))
  return Object.assign(client, { [Symbol.dispose]: () => sessionManager.abort() })
}

function bearerInterceptor(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`)
    return next(request)
  }
}
