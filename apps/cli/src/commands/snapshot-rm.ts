import type { Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { forEachNamed } from "../for-each-named.ts"

export function addSnapshotRmCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("rm <name...>")
    .description("delete snapshots; sandboxes and snapshots made from them stay as they are")
    .action(async (names: string[], _options: unknown, command: Command) => {
      const context = openContext(command, environment)
      const client = await openClient(context)
      const { results: deleted, failure } = await forEachNamed(context, names, async (name) => {
        await client.deleteSnapshot(name)
        return name
      })
      context.output.result({ deleted }, deleted.map((name) => `${name}\n`).join(""))
      if (failure !== undefined) throw failure.error
    })
}
