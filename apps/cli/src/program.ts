import { Command, type OutputConfiguration } from "commander"

import packageJson from "../package.json" with { type: "json" }
import type { CliEnvironment } from "./cli-context.ts"
import { addCpCommand } from "./commands/cp.ts"
import { addDoctorCommand } from "./commands/doctor.ts"
import { addDownCommand } from "./commands/down.ts"
import { addEnvCommand } from "./commands/env.ts"
import { addExecCommand } from "./commands/exec.ts"
import { addSandboxCommands } from "./commands/sandbox.ts"
import { addSnapshotCommands } from "./commands/snapshot.ts"
import { addStatusCommand } from "./commands/status.ts"
import { addTemplateCommands } from "./commands/template.ts"
import { addTestCommand } from "./commands/test.ts"
import { addUpCommand } from "./commands/up.ts"
import { EXIT_CODE_HELP } from "./exit-code.ts"

/** Sets the exit code of a command that ends well but not with 0 */
export type SetExitCode = (exitCode: number) => void

/** Builds the command line; commands run when it parses words */
export function createProgram(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  const program = new Command("thaw")
    .description("Self-hosted microVM sandboxes")
    .version(packageJson.version)
    .option("--data-dir <dir>", `directory of the platform (default: THAW_DATA_DIR, else /var/lib/thaw)`)
    .option("--json", "write the result as JSON to standard output, and errors as JSON to standard error")
    .addHelpText("after", `\n${EXIT_CODE_HELP}`)
  for (const add of [
    addUpCommand,
    addDownCommand,
    addStatusCommand,
    addDoctorCommand,
    addEnvCommand,
    addSandboxCommands,
    addExecCommand,
    addCpCommand,
    addSnapshotCommands,
    addTemplateCommands,
    addTestCommand,
  ]) {
    add(program, environment, setExitCode)
  }
  settle(program, environment)
  return program
}

/** Makes every command throw what is wrong instead of printing it and ending the process */
function settle(command: Command, environment: CliEnvironment): void {
  const output: OutputConfiguration = {
    writeOut: (text) => environment.stdout.write(text),
    writeErr: () => undefined,
    outputError: () => undefined,
  }
  command.exitOverride().configureOutput(output).configureHelp({ showGlobalOptions: true })
  for (const child of command.commands) settle(child, environment)
}
