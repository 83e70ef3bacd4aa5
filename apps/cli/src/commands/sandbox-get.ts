import type { SandboxBody } from "@thaw/api"
import type { Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { formatTable } from "../output/format-table.ts"

export function addSandboxGetCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("get <id>")
    .description("show one sandbox")
    .action(async (id: string, _options: unknown, command: Command) => {
      const context = openContext(command, environment)
      const client = await openClient(context)
      const sandbox = await client.getSandbox(id)
      context.output.result(sandbox, formatSandbox(sandbox))
    })
}

function formatSandbox(sandbox: SandboxBody): string {
  const rows = Object.entries(sandbox).map(([name, value]) => [
    name,
    typeof value === "object" ? JSON.stringify(value) : String(value),
  ])
  return formatTable(rows)
}
