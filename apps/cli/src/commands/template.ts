import type { Command } from "commander"

import type { CliEnvironment } from "../cli-context.ts"
import { addTemplateBuildCommand } from "./template-build.ts"
import { addTemplateLsCommand } from "./template-ls.ts"

export function addTemplateCommands(program: Command, environment: CliEnvironment): void {
  const template = program.command("template").description("build and list the templates of this host")
  addTemplateBuildCommand(template, environment)
  addTemplateLsCommand(template, environment)
}
