import { once } from "node:events"
import { createServer, type ServerHttp2Session } from "node:http2"
import type { AddressInfo } from "node:net"

import type { ServiceImpl } from "@connectrpc/connect"
import { connectNodeAdapter } from "@connectrpc/connect-node"
import { PlatformError } from "@thaw/model"
import { HostAgentService, RPC_MESSAGE_BYTES_MAX, serverErrorInterceptor } from "@thaw/rpc"
import type { Logger } from "pino"

import { authInterceptor } from "./auth-interceptor.ts"

export interface RpcServerOptions {
  readonly listen: { readonly host: string; readonly port: number }
  readonly token: string
  readonly logger: Logger
  readonly handlers: Partial<ServiceImpl<typeof HostAgentService>>
}

export interface RpcServer extends AsyncDisposable {
  readonly url: string
}

/** Room for file chunks on their way; HTTP/2's default of 64 KiB makes every chunk wait for a round trip */
const WINDOW_BYTES = 1024 * 1024
/** Calls under way get this long when the server closes */
const CLOSE_GRACE_MS = 2_000

/** Serves the host agent's RPCs over HTTP/2 without TLS. Methods without a handler answer `unimplemented`. */
export async function serveRpc(options: RpcServerOptions): Promise<RpcServer> {
  const adapter = connectNodeAdapter({
    routes: (router) => router.service(HostAgentService, options.handlers),
    interceptors: [
      serverErrorInterceptor({ onError: (error, method) => logFailure(options.logger, error, method) }),
      authInterceptor(options.token),
    ],
    readMaxBytes: RPC_MESSAGE_BYTES_MAX,
    writeMaxBytes: RPC_MESSAGE_BYTES_MAX,
  })
  const server = createServer({ settings: { initialWindowSize: WINDOW_BYTES } }, adapter)
  const sessions = new Set<ServerHttp2Session>()
  server.on("session", (session) => {
    session.setLocalWindowSize(WINDOW_BYTES)
    sessions.add(session)
    session.once("close", () => sessions.delete(session))
    session.on("error", () => undefined)
  })
  server.listen(options.listen)
  await once(server, "listening")
  server.on("error", (error) => options.logger.error({ err: error }, "RPC server"))
  const { address, family, port } = server.address() as AddressInfo
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close")
      server.close()
      for (const session of sessions) session.close()
      const timer = setTimeout(() => sessions.forEach((session) => session.destroy()), CLOSE_GRACE_MS)
      await closed
      clearTimeout(timer)
    },
  }
}

function logFailure(logger: Logger, error: unknown, method: string): void {
  const code = error instanceof PlatformError ? error.code : "internal"
  const isOurs = code === "internal" || code === "unavailable"
  logger[isOurs ? "error" : "info"]({ err: error, method, code }, "call failed")
}
