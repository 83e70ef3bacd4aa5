import type { Command } from "commander"

import type { CliEnvironment } from "../cli-context.ts"
import { addSandboxCreateCommand } from "./sandbox-create.ts"
import { addSandboxGetCommand } from "./sandbox-get.ts"
import { addSandboxLsCommand } from "./sandbox-ls.ts"
import { addSandboxPauseCommand } from "./sandbox-pause.ts"
import { addSandboxResumeCommand } from "./sandbox-resume.ts"
import { addSandboxRmCommand } from "./sandbox-rm.ts"
import { addSandboxSetCommand } from "./sandbox-set.ts"

export function addSandboxCommands(program: Command, environment: CliEnvironment): void {
  const sandbox = program
    .command("sandbox")
    .alias("sbx")
    .description("create, list, show, pause, resume, change and delete sandboxes")
  addSandboxCreateCommand(sandbox, environment)
  addSandboxLsCommand(sandbox, environment)
  addSandboxGetCommand(sandbox, environment)
  addSandboxPauseCommand(sandbox, environment)
  addSandboxResumeCommand(sandbox, environment)
  addSandboxSetCommand(sandbox, environment)
  addSandboxRmCommand(sandbox, environment)
}
