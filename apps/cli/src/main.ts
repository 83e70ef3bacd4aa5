import { readConfig } from "./config.ts"
import { runCli } from "./run-cli.ts"

process.exitCode = await runCli(process.argv.slice(2), {
  config: readConfig(),
  stdout: process.stdout,
  stderr: process.stderr,
})
