import type { Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { forEachNamed } from "../for-each-named.ts"

export function addSandboxRmCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("rm <id...>")
    .description("delete sandboxes, running or paused")
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const context = openContext(command, environment)
      const client = await openClient(context)
      const { results: deleted, failure } = await forEachNamed(context, ids, async (id) => {
        await client.deleteSandbox(id)
        return id
      })
      context.output.result({ deleted }, deleted.map((id) => `${id}\n`).join(""))
      if (failure !== undefined) throw failure.error
    })
}
