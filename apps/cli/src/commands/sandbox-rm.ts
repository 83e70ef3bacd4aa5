import type { Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"

export function addSandboxRmCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("rm <id...>")
    .description("delete sandboxes")
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const context = openContext(command, environment)
      const client = await openClient(context)
      const deleted: string[] = []
      const failures: unknown[] = []
      for (const id of ids) {
        try {
          await client.deleteSandbox(id)
          deleted.push(id)
        } catch (error) {
          // The others are deleted all the same; the last failure decides the exit code.
          if (failures.length > 0) context.output.error(failures.at(-1))
          failures.push(error)
        }
      }
      context.output.result({ deleted }, deleted.map((id) => `${id}\n`).join(""))
      if (failures.length > 0) throw failures.at(-1)
    })
}
