import type { CommandFailedError } from "../exec/command-failed-error.ts"

/** What `ip` and `nft` print for the kernel's answers, strerror(3) in the C locale */
const ERRNO_BY_TEXT = [
  ["File exists", "EEXIST"],
  ["No such file or directory", "ENOENT"],
  ["Cannot find device", "ENODEV"],
  ["No such device", "ENODEV"],
  ["No such process", "ESRCH"],
  ["Device or resource busy", "EBUSY"],
  ["Operation not permitted", "EPERM"],
  ["Permission denied", "EACCES"],
  ["Operation not supported", "EOPNOTSUPP"],
  ["Invalid argument", "EINVAL"],
  ["Address already in use", "EADDRINUSE"],
  ["Network is unreachable", "ENETUNREACH"],
  ["Cannot allocate memory", "ENOMEM"],
  ["No buffer space available", "ENOBUFS"],
] as const

export type NetworkErrno = (typeof ERRNO_BY_TEXT)[number][1]

/** Reads the kernel's answer out of what `ip` or `nft` wrote; undefined when it tells of none */
export function parseNetworkErrno(stderr: string): NetworkErrno | undefined {
  return ERRNO_BY_TEXT.find(([text]) => stderr.includes(text))?.[1]
}

/** Reads which line of its batch `ip -batch` stopped at, counted from 1; undefined when it names none */
export function parseFailedLine(stderr: string): number | undefined {
  const line = /^Command failed \S*:(\d+)$/m.exec(stderr)?.[1]
  return line === undefined ? undefined : Number(line)
}

/** A network command that the kernel or the tool refused; `errno` is what to branch on */
export class NetworkCommandError extends Error {
  override readonly name = "NetworkCommandError"
  readonly action: string
  readonly errno: NetworkErrno | undefined
  /** Line of an `ip -batch` that failed, counted from 1 */
  readonly failedLine: number | undefined

  constructor(action: string, cause: CommandFailedError) {
    const errno = parseNetworkErrno(cause.stderr)
    super(errno === undefined ? `could not ${action}` : `could not ${action} (${errno})`, { cause })
    this.action = action
    this.errno = errno
    this.failedLine = parseFailedLine(cause.stderr)
  }
}
