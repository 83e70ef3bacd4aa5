import type { Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { formatSandbox } from "../view/format-sandbox.ts"

export function addSandboxGetCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("get <id>")
    .description("show one sandbox, and what its last pause took")
    .action(async (id: string, _options: unknown, command: Command) => {
      const context = openContext(command, environment)
      const client = await openClient(context)
      const sandbox = await client.getSandbox(id)
      context.output.result(sandbox, formatSandbox(sandbox))
    })
}
