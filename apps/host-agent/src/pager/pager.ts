import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import {
  endProcess,
  identifyProcess,
  isAlive,
  startDetached,
  waitUntilGone,
  type ProcessIdentity,
} from "@thaw/linux"
import { PlatformError } from "@thaw/model"
import { openPagerClient, type PagerClient } from "@thaw/rpc"
import type { Logger } from "pino"

import { readPagerVersion } from "./pager-version.ts"

export interface PagerOptions {
  readonly dataDir: string
  /** `<data>/pager` */
  readonly pagerDir: string
  readonly logger: Logger
  /** Whether restores copy their snapshot's working set before the VM runs */
  readonly isPrefetching: boolean
  readonly logLevel: string
  /** Called for each VM that the pager had to end */
  readonly onFailure: (id: string, reason: string) => void
  /** Called when no pager could be had for so long that the VMs it served must be given up */
  readonly onLost: () => void
}

const PAGER_SRC = join(import.meta.dirname, "../../../pager/src")
const PAGER_MAIN = join(PAGER_SRC, "main.ts")
const END_GRACE_MS = 2_000
const SOCKET = "pager.sock"
const LOG = "pager.log"
const START_TIMEOUT_MS = 15_000
const START_POLL_MS = 10
const CALL_TIMEOUT_MS = 5_000
const RESTART_PAUSE_MS = 200
const STEADY_AFTER_MS = 1_000
/** VMs stand still while there is no pager */
const LOST_AFTER_MS = 30_000

/**
 * The pager process of this host agent: found, or started, at the start, and started again whenever it ends.
 *
 * It outlives this process, and VMs it serves do not notice a restart but by a pause. Disposing ends it when it serves none.
 */
export class Pager implements AsyncDisposable {
  readonly client: PagerClient
  readonly isPrefetching: boolean
  readonly #options: PagerOptions
  readonly #closing = new AbortController()
  #watching: Promise<void> = Promise.resolve()

  private constructor(options: PagerOptions, client: PagerClient) {
    this.#options = options
    this.client = client
    this.isPrefetching = options.isPrefetching
  }

  /** @throws {PlatformError} `unavailable` when the pager does not come up; its log is in `pagerDir` */
  static async open(options: PagerOptions): Promise<Pager> {
    await mkdir(options.pagerDir, { recursive: true, mode: 0o700 })
    const pager = new Pager(options, openPagerClient(join(options.pagerDir, SOCKET)))
    await pager.#replaceStale()
    await pager.#ensure()
    pager.#watching = pager.#watch()
    return pager
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#watching
    await this.#shutDown().catch((error: unknown) =>
      this.#options.logger.debug({ err: error }, "pager goes on"),
    )
    this.client[Symbol.dispose]()
  }

  /** Ends the pager and waits until it is gone. Fails for one that still serves VMs, or is not there. */
  async #shutDown(): Promise<void> {
    const { pid } = await this.client.getPager({}, { timeoutMs: CALL_TIMEOUT_MS })
    const process = await identifyProcess(pid)
    await this.client.shutdown({}, { timeoutMs: CALL_TIMEOUT_MS })
    if (process !== undefined) await waitUntilGone(process, END_GRACE_MS)
  }

  /** Ends a pager that was started from other sources; the VMs it serves wait for the next one, which takes them over */
  async #replaceStale(): Promise<void> {
    let running
    try {
      running = await this.client.getPager({}, { timeoutMs: CALL_TIMEOUT_MS })
    } catch {
      return
    }
    const version = await readPagerVersion(PAGER_SRC)
    if (running.version === version) return
    this.#options.logger.info({ pid: running.pid, was: running.version, version }, "replace the pager")
    const process = await identifyProcess(running.pid)
    if (process !== undefined) await endProcess(process, { graceMs: END_GRACE_MS })
  }

  /**
   * Makes a call that may be made twice: when the pager dies meanwhile, the next one is awaited and asked again.
   *
   * @throws {PlatformError} What the pager answers; `internal` without one, because then it is known that nothing came of it
   */
  async call<T>(request: (client: PagerClient) => Promise<T>): Promise<T> {
    try {
      return await request(this.client)
    } catch (error) {
      if (!isGone(error)) throw error
      this.#options.logger.warn({ err: error }, "the pager died during a call, which is made again")
    }
    try {
      await this.#whenThere()
      return await request(this.client)
    } catch (error) {
      if (!isGone(error)) throw error
      throw new PlatformError("internal", "the pager does not answer", { cause: error })
    }
  }

  async #whenThere(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS
    for (;;) {
      try {
        await this.client.getPager({}, { timeoutMs: CALL_TIMEOUT_MS })
        return
      } catch (error) {
        if (performance.now() > deadline || this.#closing.signal.aborted) throw error
      }
      await sleep(START_POLL_MS)
    }
  }

  /** Finds the pager that runs, or starts one and waits until it answers */
  async #ensure(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS
    let started: ProcessIdentity | undefined
    for (;;) {
      try {
        const { pid, attachmentIds } = await this.client.getPager({}, { timeoutMs: CALL_TIMEOUT_MS })
        const isStarted = started !== undefined
        this.#options.logger.info({ pid, isStarted, attachments: attachmentIds.length }, "pager")
        return
      } catch (error) {
        if (performance.now() > deadline || this.#closing.signal.aborted) {
          throw new PlatformError("unavailable", "the pager does not answer", { cause: error })
        }
      }
      if (started === undefined) started = await this.#start()
      else if (!(await isAlive(started))) {
        await sleep(RESTART_PAUSE_MS)
        started = await this.#start()
      }
      await sleep(START_POLL_MS)
    }
  }

  async #start(): Promise<ProcessIdentity> {
    const { dataDir, pagerDir, logLevel } = this.#options
    return await startDetached([process.execPath, PAGER_MAIN, `--data-dir=${dataDir}`], {
      logPath: join(pagerDir, LOG),
      env: { THAW_DATA_DIR: dataDir, THAW_LOG_LEVEL: logLevel },
    })
  }

  /** Follows the pager's failures; the end of that stream is the end of the pager */
  async #watch(): Promise<void> {
    const { logger, onFailure, onLost } = this.#options
    const { signal } = this.#closing
    let aliveAtMs = performance.now()
    while (!signal.aborted) {
      let thereAtMs = Infinity
      try {
        await this.#ensure()
        thereAtMs = performance.now()
        try {
          for await (const { id, reason } of this.client.watchFailures({}, { signal })) onFailure(id, reason)
        } finally {
          aliveAtMs = performance.now()
        }
      } catch (error) {
        if (signal.aborted) return
        logger.warn({ err: error }, "the pager is not there")
      }
      if (performance.now() - aliveAtMs > LOST_AFTER_MS) {
        aliveAtMs = performance.now()
        onLost()
      }
      // VMs stand still meanwhile: only a pager that dies as soon as it is there is waited with.
      if (performance.now() - thereAtMs > STEADY_AFTER_MS) continue
      await sleep(RESTART_PAUSE_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}

function isGone(error: unknown): boolean {
  return error instanceof PlatformError && error.code === "unavailable"
}
