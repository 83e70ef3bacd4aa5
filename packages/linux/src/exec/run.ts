import { spawn } from "node:child_process"
import { once } from "node:events"

import { CommandFailedError } from "./command-failed-error.ts"

export interface RunOptions {
  /** After this the command is ended and the run fails */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** Written to the command's standard input, which is then closed */
  readonly input?: string | Uint8Array
  /** Most bytes kept of each of stdout and stderr; the command fails beyond it */
  readonly maxOutputBytes?: number
  readonly cwd?: string
  /** Added to this process's environment */
  readonly env?: Readonly<Record<string, string>>
}

export interface RunResult {
  readonly stdout: string
  readonly stderr: string
  readonly durationMs: number
}

const MAX_OUTPUT_BYTES_DEFAULT = 4 * 1024 * 1024
const KILL_GRACE_MS = 2_000

/**
 * Runs a command to its end, without a shell.
 *
 * SIGTERM at the deadline or at an abort, SIGKILL two seconds later.
 *
 * @param argv Program and arguments
 * @throws {CommandFailedError} for a non-zero exit, a signal, the deadline, an abort, too much output or a missing program
 */
export async function run(argv: readonly [string, ...string[]], options: RunOptions): Promise<RunResult> {
  const startedAt = performance.now()
  const [program, ...args] = argv
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "pipe"],
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
  })
  const outcome: { timedOut: boolean; tooMuchOutput: boolean } = { timedOut: false, tooMuchOutput: false }
  let killTimer: NodeJS.Timeout | undefined
  const end = () => {
    child.kill("SIGTERM")
    killTimer ??= setTimeout(() => child.kill("SIGKILL"), KILL_GRACE_MS)
  }
  const maxOutputBytes = options.maxOutputBytes ?? MAX_OUTPUT_BYTES_DEFAULT
  const onOverflow = () => {
    outcome.tooMuchOutput = true
    end()
  }
  const stdout = collect(child.stdout, maxOutputBytes, onOverflow)
  const stderr = collect(child.stderr, maxOutputBytes, onOverflow)
  const deadline = setTimeout(() => {
    outcome.timedOut = true
    end()
  }, options.timeoutMs)
  options.signal?.addEventListener("abort", end)
  if (options.signal?.aborted === true) end()

  // A command may end without reading its input; EPIPE is then no error of ours.
  child.stdin.on("error", () => undefined)
  child.stdin.end(options.input)
  try {
    const [exitCode, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null]
    const durationMs = performance.now() - startedAt
    if (exitCode === 0 && !outcome.timedOut && !outcome.tooMuchOutput && options.signal?.aborted !== true) {
      return { stdout: stdout(), stderr: stderr(), durationMs }
    }
    throw new CommandFailedError({
      argv,
      exitCode,
      signal,
      ...outcome,
      aborted: options.signal?.aborted === true,
      stdout: stdout(),
      stderr: stderr(),
      durationMs,
    })
  } catch (error) {
    if (error instanceof CommandFailedError) throw error
    throw new CommandFailedError(
      {
        argv,
        exitCode: null,
        signal: null,
        ...outcome,
        aborted: false,
        stdout: stdout(),
        stderr: stderr(),
        durationMs: performance.now() - startedAt,
      },
      { cause: error },
    )
  } finally {
    clearTimeout(deadline)
    clearTimeout(killTimer)
    options.signal?.removeEventListener("abort", end)
  }
}

/** Keeps up to `maxBytes` of a stream; returns a reader of what has come so far */
function collect(stream: NodeJS.ReadableStream, maxBytes: number, onOverflow: () => void): () => string {
  const chunks: Buffer[] = []
  let length = 0
  stream.on("data", (chunk: Buffer) => {
    length += chunk.length
    if (length <= maxBytes) chunks.push(chunk)
    else onOverflow()
  })
  return () => Buffer.concat(chunks).toString()
}
