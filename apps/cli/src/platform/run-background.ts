import { mkdir, open } from "node:fs/promises"
import { setTimeout as sleep } from "node:timers/promises"

import { isAlive, startDetached, type ProcessIdentity } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import type { CliContext } from "../cli-context.ts"
import { relaySteps } from "../output/progress-reporter.ts"
import { CLI_MAIN } from "../source-dir.ts"
import type { PlatformPorts } from "./plan-processes.ts"
import { logPathOf } from "./platform-paths.ts"
import { readPlatformRecord, type PlatformRecord } from "./platform-record.ts"
import { readLogTail } from "./read-log-tail.ts"
import { rotateLog } from "./rotate-log.ts"

const POLL_MS = 200
const LOG_READ_BYTES_MAX = 1024 * 1024

/**
 * Starts a supervisor that goes on when this process ends, and shows what it says until the platform serves.
 *
 * @param options `signal` ends the wait, not the supervisor
 * @throws {PlatformError} `internal` when the supervisor ends before that
 */
export async function runInBackground(
  context: CliContext,
  options: PlatformPorts & { skipPrepare: boolean; signal: AbortSignal },
): Promise<PlatformRecord> {
  const { paths } = context
  await mkdir(paths.logsDir, { recursive: true, mode: 0o750 })
  const logPath = logPathOf(paths, "supervisor")
  await rotateLog(logPath)
  const log = new FollowedLog(logPath, await sizeOf(logPath))
  const supervisor = await startDetached(planSupervisorArgv(context, options), { logPath, cwd: "/" })
  for (;;) {
    // Looked at before the log is read, so that the last words of a supervisor that ends are shown.
    const lives = await isAlive(supervisor)
    const record = await readOwnRecord(context, supervisor)
    const words = await log.readNew()
    relaySteps(context.output, words)
    if (record?.state === "ready") return record
    if (!lives) throw new PlatformError("internal", `the platform did not start; its log is "${logPath}"`)
    if (options.signal.aborted) {
      const message = `not waiting any longer; the platform goes on starting (pid ${supervisor.pid}), "thaw down" stops it`
      throw new PlatformError("canceled", message)
    }
    await sleep(POLL_MS)
  }
}

function planSupervisorArgv(
  context: CliContext,
  options: PlatformPorts & { skipPrepare: boolean },
): [string, ...string[]] {
  return [
    process.execPath,
    CLI_MAIN,
    "up",
    `--data-dir=${context.paths.dataDir}`,
    `--port=${options.port}`,
    `--agent-port=${options.agentPort}`,
    "--supervise-only",
    ...(options.skipPrepare ? ["--skip-prepare"] : []),
  ]
}

async function readOwnRecord(
  context: CliContext,
  supervisor: ProcessIdentity,
): Promise<PlatformRecord | undefined> {
  const record = await readPlatformRecord(context.paths.record)
  const isOwn =
    record?.supervisor.pid === supervisor.pid && record.supervisor.startTicks === supervisor.startTicks
  return isOwn ? record : undefined
}

/** A log file and how far it has been shown */
class FollowedLog {
  readonly #path: string
  #offset: number

  constructor(path: string, offset: number) {
    this.#path = path
    this.#offset = offset
  }

  /** The whole lines that came since the last call */
  async readNew(): Promise<string> {
    const text = await readLogTail(this.#path, { offset: this.#offset, bytesMax: LOG_READ_BYTES_MAX })
    const lines = text.slice(0, text.lastIndexOf("\n") + 1)
    this.#offset += Buffer.byteLength(lines)
    return lines
  }
}

async function sizeOf(path: string): Promise<number> {
  await using file = await open(path, "a", 0o600)
  return (await file.stat()).size
}
