import multipart from "@fastify/multipart"
import websocket from "@fastify/websocket"
import { EXEC_STREAM_MESSAGE_BYTES_MAX, EXEC_STREAM_SUBPROTOCOL, ROUTES } from "@thaw/api"
import { LIMITS } from "@thaw/model"
import { LogController, fastify, type FastifyBaseLogger, type FastifyInstance } from "fastify"

import type { Authenticator } from "../auth/authenticator.ts"
import type { Context } from "../context.ts"
import { answerMalformedHttp } from "./client-error.ts"
import { answerError } from "./error-answer.ts"
import { asksForExecStream, registerExecStream } from "./exec/stream.ts"
import { closeWebSockets } from "./exec/close-web-sockets.ts"
import { execRoute } from "./exec/run.ts"
import { listFilesRoute } from "./files/list.ts"
import { makeDirRoute } from "./files/mkdir.ts"
import { moveFileRoute } from "./files/move.ts"
import { readFileRoute } from "./files/read.ts"
import { removeFileRoute } from "./files/remove.ts"
import { statFileRoute } from "./files/stat.ts"
import { writeFilesRoute } from "./files/write.ts"
import { healthzRoute } from "./health/healthz.ts"
import { readyzRoute } from "./health/readyz.ts"
import { addJsonBodyParser } from "./json-body.ts"
import { refuseUnknownRoute } from "./not-found.ts"
import { requestIdOf } from "./request-id.ts"
import { registerRoute } from "./route-handler.ts"
import { createSandboxRoute } from "./sandboxes/create.ts"
import { deleteSandboxRoute } from "./sandboxes/delete.ts"
import { getSandboxRoute } from "./sandboxes/get.ts"
import { listSandboxesRoute } from "./sandboxes/list.ts"
import { pauseSandboxRoute } from "./sandboxes/pause.ts"
import { resumeSandboxRoute } from "./sandboxes/resume.ts"
import { updateSandboxRoute } from "./sandboxes/update.ts"
import { createSnapshotRoute } from "./snapshots/create.ts"
import { deleteSnapshotRoute } from "./snapshots/delete.ts"
import { getSnapshotRoute } from "./snapshots/get.ts"
import { listSnapshotsRoute } from "./snapshots/list.ts"

/** Beyond what Node takes for a URL, so that a strange id is an unknown one */
const URL_LENGTH_MAX = 64 * 1024
const HEADERS_TIMEOUT_MS = 30_000
const KEEP_ALIVE_TIMEOUT_MS = 65_000
const TCP_KEEP_ALIVE_DELAY_MS = 30_000
/** Beyond this `ws` cuts a client off without a word; up to it a message that is too long has an answer */
const WS_MESSAGE_BYTES_MAX = 4 * EXEC_STREAM_MESSAGE_BYTES_MAX

/** Builds the REST server; it does not listen yet */
export async function buildServer(context: Context, authenticator: Authenticator): Promise<FastifyInstance> {
  const logger: FastifyBaseLogger = context.log
  const app: FastifyInstance = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    bodyLimit: LIMITS.jsonBodyBytesMax,
    // Bodies have limits of their own: an upload may take hours, and a command may say nothing for as long.
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: URL_LENGTH_MAX },
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    clientErrorHandler: answerMalformedHttp,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      // Finds clients that are gone without a word while they wait for an answer.
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_DELAY_MS,
      shouldUpgradeCallback: asksForExecStream,
    },
  })
  app.setErrorHandler(answerError)
  await app.register(websocket, {
    preClose(done: () => void) {
      closeWebSockets(this.websocketServer, done)
    },
    // The connection closes by itself, and what a client does wrong is no error of this process.
    errorHandler: (error, socket, request) => {
      request.log.debug({ err: error }, "a WebSocket failed")
      if (socket.readyState === socket.OPEN) socket.terminate()
    },
    options: {
      maxPayload: WS_MESSAGE_BYTES_MAX,
      handleProtocols: (offered: Set<string>) =>
        offered.has(EXEC_STREAM_SUBPROTOCOL) ? EXEC_STREAM_SUBPROTOCOL : false,
    },
  })
  addAccessLog(app)
  addJsonBodyParser(app)
  app.setNotFoundHandler(async (request, reply) => {
    // Whether a route exists is told to those only who may use it.
    if (/^\/v1(?:[/?]|$)/.test(request.url)) await authenticator.authenticate(request.headers)
    return await refuseUnknownRoute(request, reply)
  })
  registerRoute(app, ROUTES.healthz, healthzRoute())
  registerRoute(app, ROUTES.readyz, readyzRoute(context))
  await app.register(async (v1) => {
    // A hook on the routes themselves: no spelling of a URL gets around it.
    v1.addHook("onRequest", (request) => authenticator.authenticate(request.headers))
    registerSandboxRoutes(v1, context)
    registerFileRoutes(v1, context)
    registerSnapshotRoutes(v1, context)
    await v1.register((uploads) => registerUploadRoute(uploads, context))
  })
  return app
}

function registerSandboxRoutes(app: FastifyInstance, context: Context): void {
  registerRoute(app, ROUTES.createSandbox, createSandboxRoute(context))
  registerRoute(app, ROUTES.listSandboxes, listSandboxesRoute(context))
  registerRoute(app, ROUTES.getSandbox, getSandboxRoute(context))
  registerRoute(app, ROUTES.deleteSandbox, deleteSandboxRoute(context))
  registerRoute(app, ROUTES.updateSandbox, updateSandboxRoute(context))
  registerRoute(app, ROUTES.pauseSandbox, pauseSandboxRoute(context))
  registerRoute(app, ROUTES.resumeSandbox, resumeSandboxRoute(context))
  registerRoute(app, ROUTES.exec, execRoute(context))
  registerExecStream(app, context)
}

function registerFileRoutes(app: FastifyInstance, context: Context): void {
  registerRoute(app, ROUTES.readFile, readFileRoute(context))
  registerRoute(app, ROUTES.listFiles, listFilesRoute(context))
  registerRoute(app, ROUTES.statFile, statFileRoute(context))
  registerRoute(app, ROUTES.makeDir, makeDirRoute(context))
  registerRoute(app, ROUTES.moveFile, moveFileRoute(context))
  registerRoute(app, ROUTES.removeFile, removeFileRoute(context))
}

function registerSnapshotRoutes(app: FastifyInstance, context: Context): void {
  registerRoute(app, ROUTES.createSnapshot, createSnapshotRoute(context))
  registerRoute(app, ROUTES.listSnapshots, listSnapshotsRoute(context))
  registerRoute(app, ROUTES.getSnapshot, getSnapshotRoute(context))
  registerRoute(app, ROUTES.deleteSnapshot, deleteSnapshotRoute(context))
}

async function registerUploadRoute(app: FastifyInstance, context: Context): Promise<void> {
  app.removeAllContentTypeParsers()
  await app.register(multipart)
  registerRoute(app, ROUTES.writeFiles, writeFilesRoute(context))
}

function addAccessLog(app: FastifyInstance): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id)
  })
  app.addHook("onResponse", async (request, reply) => {
    const { method, url } = request
    const ms = Math.round(reply.elapsedTime)
    request.log.info({ method, url: url.split("?", 1)[0], status: reply.statusCode, ms }, "request")
  })
}
