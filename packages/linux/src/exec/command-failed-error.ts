export interface CommandFailure {
  readonly argv: readonly string[]
  /** Null when the command was ended by a signal or never started */
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly timedOut: boolean
  readonly tooMuchOutput: boolean
  readonly aborted: boolean
  readonly stdout: string
  readonly stderr: string
  readonly durationMs: number
}

const STDERR_LENGTH_MAX = 2000

/** A command that did not end well, with all that is known about it */
export class CommandFailedError extends Error implements CommandFailure {
  override readonly name = "CommandFailedError"
  readonly argv: readonly string[]
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly timedOut: boolean
  readonly tooMuchOutput: boolean
  readonly aborted: boolean
  readonly stdout: string
  readonly stderr: string
  readonly durationMs: number

  constructor(failure: CommandFailure, options?: ErrorOptions) {
    super(describe(failure, options?.cause), options)
    this.argv = failure.argv
    this.exitCode = failure.exitCode
    this.signal = failure.signal
    this.timedOut = failure.timedOut
    this.tooMuchOutput = failure.tooMuchOutput
    this.aborted = failure.aborted
    this.stdout = failure.stdout
    this.stderr = failure.stderr
    this.durationMs = failure.durationMs
  }
}

function describe(failure: CommandFailure, cause: unknown): string {
  const how = describeEnd(failure, cause)
  const stderr = failure.stderr.trim().slice(-STDERR_LENGTH_MAX)
  return `command "${failure.argv.join(" ")}" ${how}${stderr === "" ? "" : `: ${stderr}`}`
}

function describeEnd(failure: CommandFailure, cause: unknown): string {
  if (failure.timedOut) return `did not end within ${Math.round(failure.durationMs)} ms`
  if (failure.aborted) return "was aborted"
  if (failure.tooMuchOutput) return "wrote more output than allowed"
  if (failure.signal !== null) return `was ended by ${failure.signal}`
  if (failure.exitCode === null)
    return `could not be started (${cause instanceof Error ? cause.message : "unknown"})`
  return `exited with code ${failure.exitCode}`
}
