import type { Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { forEachNamed } from "../for-each-named.ts"

export function addSandboxResumeCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("resume <id...>")
    .description("let paused sandboxes run on where they stopped; their timeout starts anew")
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const context = openContext(command, environment)
      const client = await openClient(context)
      const { results: items, failure } = await forEachNamed(context, ids, (id) => client.resumeSandbox(id))
      context.output.result({ items }, items.map(({ id }) => `${id}\n`).join(""))
      if (failure !== undefined) throw failure.error
    })
}
