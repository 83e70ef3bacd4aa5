import type { Command } from "commander"

import { openContext, type CliContext, type CliEnvironment } from "../cli-context.ts"
import { portNumber } from "../option-values.ts"
import { isSupervised } from "../platform/end-platform-processes.ts"
import type { PlatformRecord } from "../platform/platform-record.ts"
import { readPlatformRecord } from "../platform/platform-record.ts"
import { formatPlatformSummary, readPlatformSummary } from "../platform/platform-summary.ts"
import { requireRoot } from "../platform/require-root.ts"
import { readApiKey } from "../platform/secrets.ts"
import { runSmokeTest, type SmokeTestResult } from "../platform/smoke-test.ts"
import { listenForStop } from "../platform/stop-signals.ts"

const PORT_DEFAULT = 8080
const AGENT_PORT_DEFAULT = 50_051

interface UpOptions {
  readonly detach?: boolean
  readonly port: number
  readonly agentPort: number
  readonly smokeTest: boolean
  readonly superviseOnly?: boolean
  readonly skipPrepare?: boolean
}

export function addUpCommand(program: Command, environment: CliEnvironment): void {
  program
    .command("up")
    .description("prepare this machine where needed, start the platform, and try it with a first sandbox")
    .option("-d, --detach", "start in the background and return when the platform is ready")
    .option("--port <port>", "port of the REST API", portNumber, PORT_DEFAULT)
    .option("--agent-port <port>", "port of the host agent", portNumber, AGENT_PORT_DEFAULT)
    .option("--no-smoke-test", "do not create a first sandbox")
    .option("--skip-prepare", "take for granted that this machine is prepared")
    .addOption(program.createOption("--supervise-only").hideHelp())
    .action(
      async (options: UpOptions, command: Command) => await up(openContext(command, environment), options),
    )
}

async function up(context: CliContext, options: UpOptions): Promise<void> {
  requireRoot("thaw up")
  const running = await readPlatformRecord(context.paths.record)
  if (running !== undefined && (await isSupervised(running))) {
    await sayAlreadyRunning(context, running)
    return
  }
  using stop = listenForStop()
  const start = { ...options, skipPrepare: options.skipPrepare === true, signal: stop.signal }
  if (options.detach === true) {
    const { runInBackground } = await import("../platform/run-background.ts")
    await introduce(context, await runInBackground(context, start), options, stop.signal)
    return
  }
  const { runForeground } = await import("../platform/run-foreground.ts")
  const onReady = async (record: PlatformRecord) => {
    if (options.superviseOnly === true) return
    await introduce(context, record, options, stop.signal)
    context.output.progress("Ctrl-C stops the platform; sandboxes keep running")
  }
  await runForeground(context, { ...start, onReady })
}

/** Tries the platform and says how to use it */
async function introduce(
  context: CliContext,
  record: PlatformRecord,
  options: UpOptions,
  signal: AbortSignal,
): Promise<void> {
  const access = { url: record.url, apiKey: await readApiKey(context.paths) }
  const smokeTest = options.smokeTest ? await smokeTestOf(context, access, signal) : undefined
  const summary = await readPlatformSummary(context, record)
  const value = { ...summary, already_running: false, smoke_test: smokeTest }
  context.output.result(value, formatPlatformSummary(summary, "Thaw is running"))
}

async function smokeTestOf(
  context: CliContext,
  access: { url: string; apiKey: string },
  signal: AbortSignal,
): Promise<SmokeTestResult> {
  try {
    return await runSmokeTest(access, context.output, signal)
  } catch (error) {
    context.output.transient("")
    context.output.progress(`✗ first sandbox; the logs are in ${context.paths.logsDir}`)
    throw error
  }
}

async function sayAlreadyRunning(context: CliContext, record: PlatformRecord): Promise<void> {
  const summary = await readPlatformSummary(context, record)
  const heading =
    record.state === "ready"
      ? `Thaw is running already (pid ${record.supervisor.pid})`
      : `Thaw is already being started (pid ${record.supervisor.pid}, ${record.state})`
  const value = { ...summary, already_running: true, state: record.state }
  context.output.result(value, formatPlatformSummary(summary, heading))
}
