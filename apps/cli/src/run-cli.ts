import { PlatformError } from "@thaw/model"
import { CommanderError } from "commander"

import type { CliEnvironment } from "./cli-context.ts"
import { EXIT_CODES, exitCodeOf } from "./exit-code.ts"
import { Output } from "./output/output.ts"
import { createProgram } from "./program.ts"
import { splitAtDashes } from "./split-at-dashes.ts"

/**
 * Runs one command line.
 *
 * @param words The command line without the names of Node and the program
 * @returns The exit code of the process
 */
export async function runCli(
  words: readonly string[],
  streams: Omit<CliEnvironment, "wordsAfterDashes">,
): Promise<number> {
  const { own, afterDashes } = splitWords(words)
  const run: { exitCode: number } = { exitCode: EXIT_CODES.ok }
  const program = createProgram({ ...streams, wordsAfterDashes: afterDashes }, (exitCode) => {
    run.exitCode = exitCode
  })
  try {
    await program.parseAsync(own, { from: "user" })
    return run.exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_CODES.ok
    const failure = toUsageError(error)
    // The command line may be what is wrong, so its own reading of `--json` cannot be relied on.
    const output = new Output({ ...streams, json: own.includes("--json") })
    output.error(failure)
    if (isUnreachable(failure) && !output.json) output.progress('hint: "thaw up" starts the platform')
    return exitCodeOf(failure)
  }
}

/** Two commands run other programs, whose words are no business of ours; for the rest `--` only ends the options */
const COMMANDS_WITH_FOREIGN_WORDS: ReadonlySet<string> = new Set(["exec", "test"])

function splitWords(words: readonly string[]): { own: string[]; afterDashes: string[] } {
  const split = splitAtDashes(words)
  if (split.own.some((word) => COMMANDS_WITH_FOREIGN_WORDS.has(word))) return split
  return { own: [...words], afterDashes: [] }
}

function isUnreachable(failure: unknown): boolean {
  return (
    failure instanceof PlatformError &&
    failure.code === "unavailable" &&
    failure.message.startsWith("no answer")
  )
}

function toUsageError(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error
  const message = error.code === "commander.help" ? 'no command was given; see "thaw --help"' : error.message
  return new PlatformError("invalid_argument", message.replace(/^error: /, "").trimEnd(), { cause: error })
}
