import { createClient, type Client, type Interceptor } from "@connectrpc/connect"
import { createConnectTransport, Http2SessionManager } from "@connectrpc/connect-node"

import { platformErrorTransport } from "./errors/platform-error-transport.ts"
import { HostAgentService } from "./gen/host_agent_pb.ts"

export interface HostAgentClientOptions {
  /** For example `http://127.0.0.1:50051` */
  readonly baseUrl: string
  /** Bearer token of the host agent */
  readonly token: string
}

/** Largest message in either direction: a unary file or output of 4 MiB each way, and room for the rest */
export const RPC_MESSAGE_BYTES_MAX = 16 * 1024 * 1024

export type HostAgentClient = Client<typeof HostAgentService> & Disposable

/** Opens a client of a host agent over HTTP/2 without TLS. Its calls throw `PlatformError`. Disposing closes the connection. */
export function openHostAgentClient(options: HostAgentClientOptions): HostAgentClient {
  const sessionManager = new Http2SessionManager(options.baseUrl)
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
