import type { ExecResult } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import type { ThawClient } from "@thaw/sdk"
import type { Command } from "commander"

import { openContext, type CliContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { runExecStream } from "../exec/run-exec-stream.ts"
import { exitCodeOfCommand } from "../exit-code.ts"
import { collectPair, givenOnly, wholeNumber } from "../option-values.ts"
import type { SetExitCode } from "../program.ts"

interface ExecOptions {
  readonly interactive?: boolean
  readonly tty?: boolean
  readonly user?: string
  readonly cwd?: string
  readonly env?: Record<string, string>
  readonly timeoutSec?: number
}

export function addExecCommand(
  program: Command,
  environment: CliEnvironment,
  setExitCode: SetExitCode,
): void {
  program
    .command("exec <id> [words...]")
    .usage("[options] <id> -- <command> [arguments...]")
    .description("run a command in a sandbox; exits with its code")
    .option("-i, --interactive", "pass standard input on")
    .option("-t, --tty", "give the command a terminal; with -i this one")
    .option("--user <name>", "user to run it as (default: the template's)")
    .option("--cwd <dir>", "directory to run it in (default: the user's home)")
    .option("--env <KEY=VALUE>", "add to its environment; may be repeated", collectPair)
    .option("--timeout-sec <n>", "end it after so many seconds", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .action(async (id: string, words: string[], options: ExecOptions, command: Command) => {
      const context = openContext(command, environment)
      const start = planCommand([...words, ...context.wordsAfterDashes], options)
      const client = await openClient(context)
      if (context.output.json) {
        setExitCode(await execToEnd(context, client, { id, start, options }))
        return
      }
      const interactive = options.interactive === true
      setExitCode(await runExecStream(client, { id, start, interactive, terminal: options.tty === true }))
    })
}

/** A command as both routes that run one take it */
export interface CommandPlan {
  readonly cmd: string
  readonly args: string[]
  readonly user?: string
  readonly cwd?: string
  readonly envs?: Record<string, string>
  readonly timeout_sec?: number
}

/** @throws {PlatformError} `invalid_argument` when no command is given */
export function planCommand(words: readonly string[], options: ExecOptions): CommandPlan {
  const [cmd, ...args] = words
  if (cmd === undefined) {
    throw new PlatformError(
      "invalid_argument",
      "no command is given; use: thaw exec <id> -- <command> [arguments...]",
    )
  }
  const { user, cwd, env, timeoutSec } = options
  return { cmd, args, ...givenOnly({ user, cwd, envs: env, timeout_sec: timeoutSec }) }
}

/** Runs a command to its end and prints one JSON object: the answer of the REST API */
async function execToEnd(
  context: CliContext,
  client: ThawClient,
  exec: { id: string; start: CommandPlan; options: ExecOptions },
): Promise<number> {
  if (exec.options.interactive === true || exec.options.tty === true) {
    throw new PlatformError(
      "invalid_argument",
      "--json collects the output of a command; it cannot be used with -i or -t",
    )
  }
  const result: ExecResult = await client.exec(exec.id, exec.start)
  context.output.result(result, "")
  return exitCodeOfCommand({ exitCode: result.exit_code, timedOut: false })
}
