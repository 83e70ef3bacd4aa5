import { readConfig } from "./config.ts"
import { exitCodeOfOutputError } from "./exit-code.ts"
import { runCli } from "./run-cli.ts"

// A reader or terminal that is gone ends nothing by itself: a platform in the foreground goes on and is stopped in order.
const output: { exitCode: number | undefined } = { exitCode: undefined }
process.stderr.on("error", () => undefined)
process.stdout.on("error", (error) => {
  output.exitCode ??= exitCodeOfOutputError(error)
  process.exitCode = output.exitCode
})

const exitCode = await runCli(process.argv.slice(2), {
  config: readConfig(),
  stdout: process.stdout,
  stderr: process.stderr,
})
process.exitCode = output.exitCode ?? exitCode
