import { readConfig } from "./config.ts"
import { EXIT_CODES, exitCodeOfOutputError } from "./exit-code.ts"
import { loadCli } from "./load-cli.ts"

// A reader or terminal that is gone ends nothing by itself: a platform in the foreground goes on and is stopped in order.
const output: { exitCode: number | undefined } = { exitCode: undefined }
process.stderr.on("error", () => undefined)
process.stdout.on("error", (error) => {
  output.exitCode ??= exitCodeOfOutputError(error)
  process.exitCode = output.exitCode
})

const exitCode = await main()
process.exitCode = output.exitCode ?? exitCode

async function main(): Promise<number> {
  const runCli = await loadCli().catch((error: Error) => error)
  if (runCli instanceof Error) {
    const text = runCli.cause === undefined ? (runCli.stack ?? runCli.message) : runCli.message
    process.stderr.write(`thaw: ${text}\n`)
    return EXIT_CODES.failure
  }
  return await runCli(process.argv.slice(2), {
    config: readConfig(),
    stdout: process.stdout,
    stderr: process.stderr,
  })
}
