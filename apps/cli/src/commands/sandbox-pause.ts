import type { Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { forEachNamed } from "../for-each-named.ts"
import { formatPause } from "../view/format-pause.ts"

export function addSandboxPauseCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("pause <id...>")
    .description("freeze running sandboxes to disk: memory, processes and files stay, all else is freed")
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const context = openContext(command, environment)
      const client = await openClient(context)
      const { results: items, failure } = await forEachNamed(context, ids, (id) => client.pauseSandbox(id))
      const lines = items.map(({ id, pause }) => (pause === undefined ? id : `${id}  ${formatPause(pause)}`))
      context.output.result({ items }, lines.map((line) => `${line}\n`).join(""))
      if (failure !== undefined) throw failure.error
    })
}
