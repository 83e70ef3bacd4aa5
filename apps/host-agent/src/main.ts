import { once } from "node:events"

import { ConfigError, parseConfig, readEnv } from "./config.ts"
import { startHostAgent } from "./start-host-agent.ts"

const EXIT_FAILURE = 1
const EXIT_CONFIG = 2
const LAST_RESORT_MS = 10_000

async function main(): Promise<void> {
  await using _agent = await startHostAgent(parseConfig(readEnv()))
  const stop = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort())
  await once(stop.signal, "abort")
  setTimeout(() => process.exit(EXIT_FAILURE), LAST_RESORT_MS).unref()
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String((error as Error).stack)}\n`)
  process.exitCode = error instanceof ConfigError ? EXIT_CONFIG : EXIT_FAILURE
}
