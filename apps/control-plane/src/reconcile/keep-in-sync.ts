import type { Context } from "../context.ts"
import type { HostSandbox } from "../hosts/host-sandbox.ts"
import { watchHost } from "../hosts/watch-host.ts"
import type { SyncTarget } from "./apply-sync.ts"
import { HostDestroys } from "./host-destroys.ts"
import { syncAll, syncOne } from "./sync-host.ts"
import { syncTemplates } from "./sync-templates.ts"

const SYNC_INTERVAL_MS = 30_000

/**
 * Keeps the database in agreement with the host until disposed.
 *
 * Everything is compared when the host agent connects and every 30 s, templates too; one sandbox when the host tells a change of it or an
 * operation on it has ended. One comparison runs at a time. While the host cannot be reached nothing changes.
 *
 * Disposing waits for what is under way, which `context.closing` cuts short.
 */
export function keepInSync(context: Context): AsyncDisposable {
  const syncer = new Syncer(context)
  const aborter = new AbortController()
  const watching = watchHost(context.host, syncer, { signal: aborter.signal, log: context.log })
  const timer = setInterval(() => syncer.requestAll(), SYNC_INTERVAL_MS)
  context.inFlight.onSettled((id) => syncer.requestOne(id))
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      aborter.abort()
      await watching
      await syncer.close()
    },
  }
}

/** Runs requested comparisons one after the other, each at most once however often it was requested meanwhile */
class Syncer {
  readonly #target: SyncTarget
  /** What the host last said about each sandbox, since it was last compared as a whole */
  readonly #lastSeen = new Map<string, HostSandbox>()
  readonly #requested = new Set<string>()
  #allRequested = false
  #closed = false
  #running: Promise<void> | undefined

  constructor(context: Context) {
    this.#target = { context, destroys: new HostDestroys() }
  }

  onConnected(): void {
    this.#lastSeen.clear()
  }

  onSynced(): void {
    this.requestAll()
  }

  onChange(sandbox: HostSandbox): void {
    this.#lastSeen.set(sandbox.id, sandbox)
    this.requestOne(sandbox.id)
  }

  requestAll(): void {
    this.#allRequested = true
    this.#wake()
  }

  requestOne(id: string): void {
    this.#requested.add(id)
    this.#wake()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#running
    await this.#target.destroys.close()
  }

  #wake(): void {
    if (this.#closed) return
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined
      // Asked for between the last look at the requests and here
      if (this.#allRequested || this.#requested.size > 0) this.#wake()
    })
  }

  async #work(): Promise<void> {
    // Lets a request that comes in the same turn be served by this run.
    await Promise.resolve()
    while (!this.#closed) {
      const id = this.#requested.values().next().value
      if (this.#allRequested) {
        this.#allRequested = false
        await this.#attempt(() => syncAll(this.#target))
        await this.#attempt(() => syncTemplates(this.#target.context))
      } else if (id !== undefined) {
        this.#requested.delete(id)
        await this.#syncOne(id)
      } else return
    }
  }

  async #syncOne(id: string): Promise<void> {
    const seen = this.#lastSeen.get(id)
    if (seen === undefined) return
    // A sandbox that has ended is not told of again. One that an operation works on is asked for again when that has ended.
    if (seen.status === "stopped" && !this.#target.context.inFlight.has(id)) this.#lastSeen.delete(id)
    await this.#attempt(async () => {
      if (await syncOne(this.#target, seen)) this.requestAll()
    })
  }

  async #attempt(sync: () => Promise<void>): Promise<void> {
    try {
      await sync()
    } catch (error) {
      if (this.#target.context.closing.aborted) return
      this.#target.context.log.warn({ err: error }, "the database could not be compared with the host")
    }
  }
}
