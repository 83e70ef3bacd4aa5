import { connect } from "node:net"

import { createClient, type Client } from "@connectrpc/connect"
import { createConnectTransport } from "@connectrpc/connect-node"

import { platformErrorTransport } from "./errors/platform-error-transport.ts"
import { PagerService } from "./gen/pager_pb.ts"
import { PingingSessionManager, type PingOptions } from "./pinging-session-manager.ts"

export type PagerClient = Client<typeof PagerService> & Disposable

/** The URL is only a name: every connection goes to the socket */
const BASE_URL = "http://pager"

/** A pager that dies closes its socket; this is for one that stands still */
const PING: PingOptions = { intervalMs: 10_000, timeoutMs: 10_000 }

/**
 * Opens a client of the pager that listens on a unix socket. Its calls throw `PlatformError`; while no pager listens that is `unavailable`, and
 * the first call after one listens again goes through. Disposing closes the connection.
 */
export function openPagerClient(socketPath: string): PagerClient {
  const sessionManager = new PingingSessionManager(BASE_URL, PING, {
    createConnection: () => connect(socketPath),
  })
  const transport = createConnectTransport({
    httpVersion: "2",
    baseUrl: BASE_URL,
    sessionManager,
    // Nothing is gained by it within one machine.
    acceptCompression: [],
  })
  const client = createClient(PagerService, platformErrorTransport(transport))
  return Object.assign(client, { [Symbol.dispose]: () => sessionManager.abort() })
}
