import { once } from "node:events"
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2"
import type { AddressInfo } from "node:net"

import type { Interceptor } from "@connectrpc/connect"
import { connectNodeAdapter } from "@connectrpc/connect-node"
import { PlatformError } from "@thaw/model"
import { HostAgentService, RPC_MESSAGE_BYTES_MAX, serverErrorInterceptor } from "@thaw/rpc"

import { execService } from "./exec-service.ts"
import { fileService } from "./file-service.ts"
import { Injections } from "./injections.ts"
import { sandboxService } from "./sandbox-service.ts"
import type { SimulatedExec } from "./simulated-exec.ts"
import { SimulatedSandboxes } from "./simulated-sandboxes.ts"
import { SimulatedTemplates } from "./simulated-templates.ts"

export interface SimulatedHostAgentOptions {
  readonly token: string
  /** Names of the base templates; default: only `base` */
  readonly templates?: readonly string[]
}

/** A host agent that speaks the real RPC and keeps its sandboxes in memory */
export interface SimulatedHostAgent extends AsyncDisposable {
  readonly url: string
  readonly sandboxes: SimulatedSandboxes
  readonly templates: SimulatedTemplates
  readonly injections: Injections
  /** Every command that was started, oldest first */
  readonly execs: readonly SimulatedExec[]
  /** Cuts every connection and refuses new ones; the sandboxes stay */
  stop(): Promise<void>
  /** Listens again on the same port */
  start(): Promise<void>
}

/** Starts a simulated host agent on a random port of the loopback interface */
export async function startSimulatedHostAgent(
  options: SimulatedHostAgentOptions,
): Promise<SimulatedHostAgent> {
  const templates = new SimulatedTemplates(options.templates ?? ["base"])
  const sandboxes = new SimulatedSandboxes(templates)
  const injections = new Injections()
  const execs: SimulatedExec[] = []
  const adapter = connectNodeAdapter({
    routes: (router) => {
      router.service(HostAgentService, {
        ...sandboxService({ sandboxes, templates, injections }),
        ...execService({ sandboxes, injections, execs }),
        ...fileService(sandboxes, injections),
      })
    },
    interceptors: [serverErrorInterceptor({ onError: () => undefined }), bearerCheck(options.token)],
    readMaxBytes: RPC_MESSAGE_BYTES_MAX,
    writeMaxBytes: RPC_MESSAGE_BYTES_MAX,
    acceptCompression: [],
  })
  const listener = new RestartableListener(() => createServer({}, adapter))
  await listener.start()
  return {
    url: `http://127.0.0.1:${listener.port}`,
    sandboxes,
    templates,
    injections,
    execs,
    stop: () => listener.stop(),
    start: () => listener.start(),
    [Symbol.asyncDispose]: async () => {
      for (const exec of execs) if (exec.exit === undefined) exec.kill(9)
      await listener.stop()
    },
  }
}

/** An HTTP/2 server that can go away and come back on the same port */
class RestartableListener {
  port = 0
  readonly #create: () => Http2Server
  readonly #sessions = new Set<ServerHttp2Session>()
  #server: Http2Server | undefined

  constructor(create: () => Http2Server) {
    this.#create = create
  }

  async start(): Promise<void> {
    const server = this.#create()
    server.on("session", (session) => {
      this.#sessions.add(session)
      session.on("close", () => this.#sessions.delete(session))
    })
    server.listen(this.port, "127.0.0.1")
    await once(server, "listening")
    this.port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = once(server, "close")
    server.close()
    for (const session of this.#sessions) session.destroy()
    await closed
  }
}

function bearerCheck(token: string): Interceptor {
  return (next) => (request) => {
    if (request.header.get("authorization") !== `Bearer ${token}`) {
      throw new PlatformError("unauthenticated", "the bearer token is missing or wrong")
    }
    return next(request)
  }
}
