import type { Command } from "commander"

import type { CliEnvironment } from "../cli-context.ts"
import { addSandboxCreateCommand } from "./sandbox-create.ts"
import { addSandboxGetCommand } from "./sandbox-get.ts"
import { addSandboxLsCommand } from "./sandbox-ls.ts"
import { addSandboxRmCommand } from "./sandbox-rm.ts"

export function addSandboxCommands(program: Command, environment: CliEnvironment): void {
  const sandbox = program
    .command("sandbox")
    .alias("sbx")
    .description("create, list, show and delete sandboxes")
  addSandboxCreateCommand(sandbox, environment)
  addSandboxLsCommand(sandbox, environment)
  addSandboxGetCommand(sandbox, environment)
  addSandboxRmCommand(sandbox, environment)
}
