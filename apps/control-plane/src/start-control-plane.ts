import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import type { FastifyInstance } from "fastify"

import { Authenticator } from "./auth/authenticator.ts"
import { importApiKey, readSecretFile } from "./auth/key-file.ts"
import type { ControlPlaneConfig } from "./config.ts"
import type { Context } from "./context.ts"
import { openDatabase } from "./db/open-database.ts"
import { openPresence } from "./db/presence.ts"
import { openHost } from "./hosts/host.ts"
import { openLogger, type Logger } from "./logger.ts"
import { NamesInFlight } from "./operations/names-in-flight.ts"
import { OperationsInFlight } from "./operations/operations-in-flight.ts"
import { Turns } from "./operations/turns.ts"
import { keepInSync } from "./reconcile/keep-in-sync.ts"
import { buildServer } from "./rest/server.ts"

/** What requests and operations under way get to end by themselves when the control plane goes down */
const DRAIN_MS = 3_000

export interface ControlPlane extends AsyncDisposable {
  /** Where it listens, such as `http://127.0.0.1:8080` */
  readonly url: string
}

/**
 * Starts a control plane: database, host agent client, sync, REST server. Resolves when it listens; disposing drains and stops it.
 *
 * The host agent need not be there: it is connected to when it comes.
 */
export async function startControlPlane(
  config: ControlPlaneConfig,
  log: Logger = openLogger({ level: config.logLevel }),
): Promise<ControlPlane> {
  await using stack = new AsyncDisposableStack()
  const token = await readSecretFile(config.hostAgentTokenFile)
  const db = stack.use(await openDatabase(config.database, log))
  await importApiKey(db, config.apiKeyFile)
  const host = stack.use(openHost({ baseUrl: config.hostAgentUrl, token }))
  const closing = new AbortController()
  const context: Context = {
    db,
    presence: stack.use(await openPresence(config.database, log)),
    host,
    inFlight: new OperationsInFlight(),
    names: new NamesInFlight(),
    turns: new Turns(),
    log,
    spoolDir: join(config.dataDir, "uploads"),
    closing: closing.signal,
  }
  stack.use(keepInSync(context))
  // Creates that are cut off here are settled by the next process. Before the sync, whose calls are cut off too.
  stack.defer(async () => {
    await Promise.race([context.inFlight.drained(), sleep(DRAIN_MS, undefined, { ref: false })])
    closing.abort()
    await context.inFlight.drained()
  })
  const app = await buildServer(context, new Authenticator(db))
  stack.defer(() => closeServer(app))
  const address = await app.listen({ host: config.listen.host, port: config.listen.port })
  log.info({ address }, "the control plane listens")
  const resources = stack.move()
  return { url: address, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

/** Takes no more requests, lets those under way end for a while, then cuts them off */
async function closeServer(app: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}
