import { Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

import { Client } from "pg"

import type { Logger } from "../logger.ts"
import type { Presence } from "./presence.ts"

/** Both halves of the lock's key: "thaw" in ASCII, and what it is for */
const LOCK_KEY = [0x7468_6177, 1] as const
const TIMEOUT_MS = 5_000
const KEEP_ALIVE_DELAY_MS = 10_000
const END_TIMEOUT_MS = 1_000
const RECONNECT_PAUSE_MS = 1_000
/** What the others get to connect again too after an outage of the database; nothing that they have begun takes longer */
const GRACE_MS = 150_000

/**
 * Holds a shared advisory lock for as long as this process lives: PostgreSQL's manual, §13.3.5.
 *
 * The lock belongs to a connection of its own, so the server drops it when the process ends, however that happens. It needs a
 * connection to the server itself, not to a pooler that shares connections between clients.
 */
export async function openPostgresPresence(url: string, log: Logger): Promise<Presence> {
  const presence = new PostgresPresence(url, log)
  await presence.connect()
  return presence
}

class PostgresPresence implements Presence {
  readonly #url: string
  readonly #log: Logger
  readonly #closing = new AbortController()
  #client: Client | undefined
  /** That of the client */
  #socket: Socket | undefined
  #reconnecting: Promise<void> | undefined
  /** When the others have had their time to connect again */
  #trustedFromMs = 0

  constructor(url: string, log: Logger) {
    this.#url = url
    this.#log = log
  }

  async connect(): Promise<void> {
    const socket = new Socket()
    const client = new Client({
      stream: () => socket,
      connectionString: this.#url,
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    })
    client.on("error", (error) => this.#onLost(client, error))
    client.on("end", () => this.#onLost(client, undefined))
    try {
      await client.connect()
      await client.query("select pg_advisory_lock_shared($1, $2)", [...LOCK_KEY])
    } catch (error) {
      socket.destroy()
      throw error
    }
    this.#client = client
    this.#socket = socket
  }

  async isAlone(): Promise<boolean> {
    const client = this.#client
    if (client === undefined || performance.now() < this.#trustedFromMs) return false
    try {
      const { rows } = await client.query<{ count: number }>(
        `select count(*)::integer as count from pg_locks
          where locktype = 'advisory' and granted and classid = $1 and objid = $2 and objsubid = 2
            and database = (select oid from pg_database where datname = current_database())`,
        [...LOCK_KEY],
      )
      return rows[0]?.count === 1
    } catch (error) {
      this.#onLost(client, error)
      return false
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#reconnecting
    const client = this.#client
    this.#client = undefined
    if (client === undefined) return
    // A server that is gone without a word does not answer the goodbye either.
    const timer = setTimeout(() => this.#socket?.destroy(), END_TIMEOUT_MS)
    await client.end().finally(() => clearTimeout(timer))
  }

  #onLost(client: Client, error: unknown): void {
    if (this.#client !== client || this.#closing.signal.aborted) return
    this.#log.warn({ err: error }, "the connection that tells other control planes of this one broke")
    this.#client = undefined
    this.#trustedFromMs = Number.POSITIVE_INFINITY
    this.#socket?.destroy()
    this.#reconnecting = this.#reconnect()
  }

  async #reconnect(): Promise<void> {
    while (this.#client === undefined && !this.#closing.signal.aborted) {
      await this.connect().catch(async () => {
        await sleep(RECONNECT_PAUSE_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined)
      })
    }
    this.#trustedFromMs = performance.now() + GRACE_MS
  }
}
