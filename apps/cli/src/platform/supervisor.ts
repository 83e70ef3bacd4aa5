import { open } from "node:fs/promises"

import { identifyProcess, readBootId, type ProcessIdentity } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import { formatDuration } from "../output/format-duration.ts"
import type { StepEvent } from "../output/progress-reporter.ts"
import { endPlatformProcesses } from "./end-platform-processes.ts"
import { keepLogsSmall } from "./keep-logs-small.ts"
import { keepRunning, type KeepRunningEvents } from "./keep-running.ts"
import { planProcesses, platformUrl, type PlatformPorts, type ProcessPlan } from "./plan-processes.ts"
import type { PlatformPaths } from "./platform-paths.ts"
import { removePlatformRecord, writePlatformRecord, type PlatformRecord } from "./platform-record.ts"
import { readLogTail } from "./read-log-tail.ts"
import { rotateLog } from "./rotate-log.ts"
import { waitUntilReady } from "./wait-until-ready.ts"

/** The control plane opens its database, the host agent looks after what an earlier run left */
const READY_TIMEOUT_MS = 120_000
const LOG_TAIL_BYTES = 4_000

export interface SupervisorOptions extends PlatformPorts {
  readonly paths: PlatformPaths
  /** Root of the checkout */
  readonly sourceDir: string
  readonly node: string
  readonly onStep: (event: StepEvent) => void
}

/**
 * Owns the platform's processes: starts them, restarts those that die, and ends them when disposed. The record on disk always
 * names what runs, so that whoever finds a record without its supervisor can clean up.
 *
 * ```
 * preparing → starting → ready → stopping → (record removed)
 * ```
 */
export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions
  readonly #stop = new AbortController()
  readonly #loops: Promise<void>[] = []
  #record: PlatformRecord
  #isClosed = false

  private constructor(options: SupervisorOptions, record: PlatformRecord) {
    this.#options = options
    this.#record = record
  }

  /** Puts this process on record. The caller holds the lock of the data directory. */
  static async open(options: SupervisorOptions): Promise<Supervisor> {
    const self = await identifyProcess(process.pid)
    if (self === undefined) throw new Error("this process is not in /proc")
    const supervisor = new Supervisor(options, {
      version: 1,
      state: "preparing",
      supervisor: self,
      processes: [],
      url: platformUrl(options.port),
      port: options.port,
      agentPort: options.agentPort,
      startedAtMs: Date.now(),
      bootId: await readBootId(),
    })
    await supervisor.#update({})
    return supervisor
  }

  get record(): PlatformRecord {
    return this.#record
  }

  /**
   * Starts the processes and waits until they can serve.
   *
   * @throws {PlatformError} `internal` with the end of its log when one ends meanwhile, `deadline_exceeded` when they take too long
   */
  async start(signal: AbortSignal): Promise<void> {
    const startedAt = performance.now()
    this.#options.onStep({ step: "start", state: "started" })
    await this.#update({ state: "starting" })
    const attempt = new AbortController()
    const plans = planProcesses(this.#options)
    for (const plan of plans) await this.#launch(plan, attempt)
    const logPaths = [...plans.map(({ logPath }) => logPath), this.#options.paths.pagerLog]
    this.#loops.push(keepLogsSmall(logPaths, this.#stop.signal))
    const ready = AbortSignal.any([signal, attempt.signal])
    await waitUntilReady(this.#record.url, { timeoutMs: READY_TIMEOUT_MS, signal: ready })
    await this.#update({ state: "ready" })
    this.#options.onStep({ step: "start", state: "done", durationMs: performance.now() - startedAt })
  }

  /** Stops the processes and removes the record; sandboxes keep running. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stop.abort()
    await Promise.all(this.#loops)
    // What runs is ended also when this cannot be written, as on a full disk.
    await this.#update({ state: "stopping" }).catch(() => undefined)
    await endPlatformProcesses(this.#record.processes)
    await removePlatformRecord(this.#options.paths.record)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Runs one process for good; its first end before the platform was ready fails `attempt` */
  async #launch(plan: ProcessPlan, attempt: AbortController): Promise<void> {
    await rotateLog(plan.logPath)
    const logOffset = await sizeOf(plan.logPath)
    const { promise: firstStart, resolve } = Promise.withResolvers<void>()
    const onEnded: KeepRunningEvents["onEnded"] = ({ restartDelayMs, error }) => {
      resolve()
      const how = error instanceof Error ? `cannot be started (${error.message})` : "ended"
      if (this.#record.state === "starting") {
        const abort = (reason: unknown) => attempt.abort(reason)
        void this.#explainEnd(plan, { how, logOffset }).then(abort, abort)
        return
      }
      const message = `${how}; starting it again in ${formatDuration(restartDelayMs)}; its log is ${plan.logPath}`
      this.#options.onStep({ step: plan.name, state: "failed", message })
    }
    const onStarted = async (identity: ProcessIdentity) => {
      // A full disk is no reason to stop a platform that runs.
      await this.#recordProcess(plan, identity).catch((error: unknown) => this.#sayUnrecorded(plan, error))
      resolve()
    }
    this.#loops.push(keepRunning(plan, { onStarted, onEnded }, this.#stop.signal))
    await firstStart
  }

  #sayUnrecorded(plan: ProcessPlan, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    const message = `runs, but "${this.#options.paths.record}" cannot be written: ${reason}`
    this.#options.onStep({ step: plan.name, state: "failed", message })
  }

  async #explainEnd(plan: ProcessPlan, end: { how: string; logOffset: number }): Promise<PlatformError> {
    const tail = await readLogTail(plan.logPath, { offset: end.logOffset, bytesMax: LOG_TAIL_BYTES })
    const words =
      tail.trim() === "" ? `and wrote nothing to ${plan.logPath}` : `its log ends with:\n${tail.trimEnd()}`
    return new PlatformError("internal", `the ${plan.name} ${end.how} while starting; ${words}`)
  }

  async #recordProcess(plan: ProcessPlan, identity: ProcessIdentity): Promise<void> {
    const started = { ...identity, name: plan.name, startedAtMs: Date.now() }
    const { processes } = this.#record
    const isRestart = processes.some(({ name }) => name === plan.name)
    await this.#update({
      processes: isRestart
        ? processes.map((process) => (process.name === plan.name ? started : process))
        : [...processes, started],
    })
  }

  /** Writes one after the other happen in the order of the calls: the record in memory changes first */
  #writing: Promise<void> = Promise.resolve()
  async #update(change: Partial<PlatformRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change }
    const write = this.#writing.then(() => writePlatformRecord(this.#options.paths.record, this.#record))
    this.#writing = write.catch(() => undefined)
    await write
  }
}

async function sizeOf(path: string): Promise<number> {
  await using file = await open(path, "a", 0o600)
  return (await file.stat()).size
}
