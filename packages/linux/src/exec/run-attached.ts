import { spawn } from "node:child_process"
import { once } from "node:events"

import { CommandFailedError } from "./command-failed-error.ts"

export interface AttachedOptions {
  readonly signal?: AbortSignal
  readonly cwd?: string
  /** Added to this process's environment */
  readonly env?: Readonly<Record<string, string>>
  /** Sends the command's standard output to this process's standard error */
  readonly stdoutToStderr?: boolean
  /** Gets a copy of standard output, which is then a pipe for the command and not a terminal */
  readonly onStdout?: (chunk: Buffer) => void
}

export interface AttachedResult {
  /** Null when the command was ended by a signal */
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly durationMs: number
}

/**
 * Runs a command whose output goes where this process's goes, to its end, however long that takes.
 *
 * @throws {CommandFailedError} only when it cannot be started
 */
export async function runAttached(
  argv: readonly [string, ...string[]],
  options: AttachedOptions = {},
): Promise<AttachedResult> {
  const startedAt = performance.now()
  const [program, ...args] = argv
  const sink = options.stdoutToStderr === true ? process.stderr : process.stdout
  const child = spawn(program, args, {
    stdio: ["ignore", options.onStdout === undefined ? sink : "pipe", "inherit"],
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
  })
  child.stdout?.on("data", options.onStdout ?? (() => undefined)).pipe(sink, { end: false })
  const end = () => child.kill("SIGTERM")
  options.signal?.addEventListener("abort", end)
  if (options.signal?.aborted === true) end()
  try {
    const [exitCode, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null]
    return { exitCode, signal, durationMs: performance.now() - startedAt }
  } catch (error) {
    const failure = {
      argv,
      exitCode: null,
      signal: null,
      timedOut: false,
      tooMuchOutput: false,
      aborted: false,
    }
    const durationMs = performance.now() - startedAt
    throw new CommandFailedError({ ...failure, stdout: "", stderr: "", durationMs }, { cause: error })
  } finally {
    options.signal?.removeEventListener("abort", end)
  }
}
