import type { Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { readLocalAccess } from "../connection/open-client.ts"
import { shellQuote } from "../output/shell-quote.ts"

export function addEnvCommand(program: Command, environment: CliEnvironment): void {
  program
    .command("env")
    .description('print shell commands that set THAW_API_URL and THAW_API_KEY, for eval "$(thaw env)"')
    .action(async (_options: unknown, command: Command) => {
      const context = openContext(command, environment)
      const access = await readLocalAccess(context)
      const value = { THAW_API_URL: access.url, THAW_API_KEY: access.apiKey }
      context.output.result(value, formatExports(value))
    })
}

/** Formats variables as one `export` line that a POSIX shell evaluates to exactly these values */
export function formatExports(variables: Readonly<Record<string, string>>): string {
  const words = Object.entries(variables).map(([name, value]) => `${name}=${shellQuote(value)}`)
  return `export ${words.join(" ")}\n`
}
