import { once } from "node:events"
import { rm } from "node:fs/promises"
import { createServer, type ServerHttp2Session } from "node:http2"

import type { ServiceImpl } from "@connectrpc/connect"
import { connectNodeAdapter } from "@connectrpc/connect-node"
import { PlatformError } from "@thaw/model"
import { PagerService, serverErrorInterceptor } from "@thaw/rpc"
import type { Logger } from "pino"

export interface RpcServerOptions {
  readonly socketPath: string
  readonly logger: Logger
  readonly handlers: ServiceImpl<typeof PagerService>
}

/** The largest message is a list of build ids */
const MESSAGE_BYTES_MAX = 1024 * 1024
/** Calls under way get this long when the server closes */
const CLOSE_GRACE_MS = 2_000

/** Serves the pager's RPCs over HTTP/2 on a unix socket, whose directory only root can enter */
export async function serveRpc(options: RpcServerOptions): Promise<AsyncDisposable> {
  const adapter = connectNodeAdapter({
    routes: (router) => router.service(PagerService, options.handlers),
    interceptors: [
      serverErrorInterceptor({ onError: (error, method) => logFailure(options.logger, error, method) }),
    ],
    readMaxBytes: MESSAGE_BYTES_MAX,
    writeMaxBytes: MESSAGE_BYTES_MAX,
  })
  const server = createServer(adapter)
  const sessions = new Set<ServerHttp2Session>()
  server.on("session", (session) => {
    sessions.add(session)
    session.once("close", () => sessions.delete(session))
    session.on("error", () => undefined)
  })
  // The lock says that whoever made it is gone.
  await rm(options.socketPath, { force: true })
  server.listen(options.socketPath)
  await once(server, "listening")
  server.on("error", (error) => options.logger.error({ err: error }, "RPC server"))
  return {
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
  const isOurs = code === "internal" || code === "unavailable" || code === "data_loss"
  logger[isOurs ? "error" : "info"]({ err: error, method, code }, "call failed")
}
