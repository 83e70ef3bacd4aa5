import { CommandFailedError } from "../exec/command-failed-error.ts"
import { run } from "../exec/run.ts"
import { NetworkCommandError } from "./network-command-error.ts"

/** How commands are run; tests put their own here */
export type Run = typeof run

export interface NetworkCommandOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  readonly run?: Run
}

export interface NetworkCommand {
  /** What the command is for: "could not <action>" */
  readonly action: string
  readonly argv: readonly [string, ...string[]]
  readonly input?: string
}

/**
 * Runs `ip`, `nft` or `sysctl` and gives its output.
 *
 * @throws {NetworkCommandError} when the command fails
 */
export async function runNetworkCommand(
  command: NetworkCommand,
  options: NetworkCommandOptions,
): Promise<string> {
  try {
    const result = await (options.run ?? run)(command.argv, {
      timeoutMs: options.timeoutMs,
      // Errors are recognized by their text, so the text must not depend on the host's language.
      env: { LC_ALL: "C" },
      ...(options.signal !== undefined && { signal: options.signal }),
      ...(command.input !== undefined && { input: command.input }),
    })
    return result.stdout
  } catch (error) {
    if (error instanceof CommandFailedError) throw new NetworkCommandError(command.action, error)
    throw error
  }
}
