import type { Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { formatTable } from "../output/format-table.ts"

export function addSnapshotGetCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("get <name>")
    .description("show one base template or snapshot")
    .action(async (name: string, _options: unknown, command: Command) => {
      const context = openContext(command, environment)
      const client = await openClient(context)
      const snapshot = await client.getSnapshot(name)
      const rows = Object.entries(snapshot).map(([field, value]) => [field, String(value)])
      context.output.result(snapshot, formatTable(rows))
    })
}
