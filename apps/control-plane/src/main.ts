import { once } from "node:events"

import { ConfigError, parseConfig, readEnv, type ControlPlaneConfig } from "./config.ts"
import { describeError, openLogger } from "./logger.ts"
import { startControlPlane } from "./start-control-plane.ts"

const EXIT_CONFIG = 2
const EXIT_FAILURE = 1
const LAST_RESORT_MS = 10_000

function readConfig(): ControlPlaneConfig | undefined {
  try {
    return parseConfig(readEnv())
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) console.error(`control plane: ${problem}`)
    return undefined
  }
}

async function runUntilStopped(config: ControlPlaneConfig): Promise<void> {
  const log = openLogger({ level: config.logLevel })
  await using _controlPlane = await startControlPlane(config, log)
  const signal = await Promise.race([
    once(process, "SIGTERM").then(() => "SIGTERM"),
    once(process, "SIGINT").then(() => "SIGINT"),
  ])
  log.info({ signal }, "the control plane stops")
  setTimeout(() => process.exit(EXIT_FAILURE), LAST_RESORT_MS).unref()
}

const config = readConfig()
if (config === undefined) process.exitCode = EXIT_CONFIG
else {
  try {
    await runUntilStopped(config)
  } catch (error) {
    const causes = describeError(error).map(({ message }) => message)
    console.error(`control plane: ${causes.join(": ")}`)
    process.exitCode = EXIT_FAILURE
  }
}
