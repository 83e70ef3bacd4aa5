import { constants } from "node:os"

import { PlatformError, type ErrorCode } from "@thaw/model"

/** What the exit status of `thaw` says; `thaw --help` prints them */
export const EXIT_CODES = {
  ok: 0,
  failure: 1,
  usage: 2,
  notRunning: 3,
  notFound: 4,
  wrongState: 5,
  timeout: 124,
  /** As for a program that SIGPIPE ended: 128 + 13 */
  outputClosed: 141,
} as const

export const EXIT_CODE_HELP = `Exit codes:
  0    success
  1    failure
  2    wrong usage or configuration
  3    the platform is not running or cannot be reached
  4    not found
  5    wrong state, or a conflict
  124  a deadline passed
  141  the reader of standard output is gone
  "thaw exec" exits with the code of its command, 128 + n when signal n ended it.`

const BY_ERROR_CODE: Partial<Record<ErrorCode, number>> = {
  invalid_argument: EXIT_CODES.usage,
  unauthenticated: EXIT_CODES.usage,
  permission_denied: EXIT_CODES.usage,
  unavailable: EXIT_CODES.notRunning,
  not_found: EXIT_CODES.notFound,
  already_exists: EXIT_CODES.wrongState,
  wrong_state: EXIT_CODES.wrongState,
  deadline_exceeded: EXIT_CODES.timeout,
}

/** The exit status for anything thrown */
export function exitCodeOf(thrown: unknown): number {
  if (!(thrown instanceof PlatformError)) return EXIT_CODES.failure
  return BY_ERROR_CODE[thrown.code] ?? EXIT_CODES.failure
}

/** The exit status when the result cannot be written */
export function exitCodeOfOutputError(error: NodeJS.ErrnoException): number {
  return error.code === "EPIPE" ? EXIT_CODES.outputClosed : EXIT_CODES.failure
}

const SIGNAL_EXIT_BASE = 128

/** The exit status of a command in a sandbox, as a shell would report it */
export function exitCodeOfCommand(exit: {
  exitCode: number
  signal?: number | string | undefined
  timedOut: boolean
}): number {
  if (exit.timedOut) return EXIT_CODES.timeout
  const signal = typeof exit.signal === "string" ? signalNumber(exit.signal) : exit.signal
  if (signal !== undefined && signal !== 0) return SIGNAL_EXIT_BASE + signal
  return exit.exitCode & 0xff
}

function signalNumber(name: string): number | undefined {
  return Object.entries(constants.signals).find(([known]) => known === name)?.[1]
}
