import { mkdir } from "node:fs/promises"

import { tryLockFile } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import type { CliContext } from "../cli-context.ts"
import { reportStep } from "../output/progress-reporter.ts"
import { SOURCE_DIR } from "../source-dir.ts"
import { endLeftPager } from "./end-left-pager.ts"
import { endStalePlatform } from "./end-stale-platform.ts"
import type { PlatformPorts } from "./plan-processes.ts"
import type { PlatformRecord } from "./platform-record.ts"
import { prepareThisHost } from "./prepare-this-host.ts"
import { requireFreePort } from "./require-free-port.ts"
import { ensureSecrets } from "./secrets.ts"
import { Supervisor } from "./supervisor.ts"

export interface ForegroundOptions extends PlatformPorts {
  readonly skipPrepare: boolean
  /** Called when the platform serves; what it does belongs to the start */
  readonly onReady: (record: PlatformRecord) => Promise<void>
  /** Stops the platform */
  readonly signal: AbortSignal
}

/**
 * Prepares the host, starts the platform and supervises it until `signal` aborts.
 *
 * @throws {PlatformError} `wrong_state` when a port is taken or another `thaw up` works on the data directory
 */
export async function runForeground(context: CliContext, options: ForegroundOptions): Promise<void> {
  const { output, paths } = context
  await mkdir(paths.runDir, { recursive: true, mode: 0o755 })
  using lock = tryLockFile(paths.lock)
  if (lock === undefined) {
    const message = `another "thaw up" is working on "${paths.dataDir}"; see "thaw status"`
    throw new PlatformError("wrong_state", message)
  }
  await endStalePlatform(context)
  await requireFreePort(options.port, "--port")
  await requireFreePort(options.agentPort, "--agent-port")
  await mkdir(paths.logsDir, { recursive: true, mode: 0o750 })
  await ensureSecrets(paths)
  // Disposed after the supervisor: a host agent that had to be killed could not end its pager.
  await using _pager = { [Symbol.asyncDispose]: () => endLeftPager(context, { force: false }) }
  await using supervisor = await Supervisor.open({
    paths,
    port: options.port,
    agentPort: options.agentPort,
    sourceDir: SOURCE_DIR,
    node: process.execPath,
    onStep: (event) => reportStep(output, event),
  })
  try {
    if (!options.skipPrepare) await prepareThisHost(context, { signal: options.signal })
    await supervisor.start(options.signal)
    await options.onReady(supervisor.record)
  } catch (error) {
    // Whatever was under way failed only because it was told to end.
    if (options.signal.aborted)
      throw new PlatformError("canceled", "stopped before it was ready", { cause: error })
    throw error
  }
  await waitForAbort(options.signal)
  output.progress("stopping; sandboxes keep running")
}

async function waitForAbort(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  signal.addEventListener("abort", () => resolve(), { once: true })
  await promise
}
