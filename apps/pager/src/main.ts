import { ConfigError, parseConfig, readEnv } from "./config.ts"
import { startPager } from "./start-pager.ts"

const EXIT_FAILURE = 1
const EXIT_CONFIG = 2
const LAST_RESORT_MS = 10_000

async function main(): Promise<void> {
  await using pager = await startPager(parseConfig(readEnv(), process.argv.slice(2)))
  const stop = Promise.withResolvers<string>()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.resolve(signal))
  void pager.ended.then(stop.resolve)
  pager.logStop(await stop.promise)
  // A worker thread in a system call keeps `process.exit` waiting.
  setTimeout(() => process.kill(process.pid, "SIGKILL"), LAST_RESORT_MS).unref()
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String((error as Error).stack)}\n`)
  process.exitCode = error instanceof ConfigError ? EXIT_CONFIG : EXIT_FAILURE
}
