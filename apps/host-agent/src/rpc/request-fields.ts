import { LIMITS, PlatformError } from "@thaw/model"
import type { hostAgent } from "@thaw/rpc"

import { toGuestPath } from "../guest/guest-client.ts"
import type { EnvPair, ExecRequest, FilePath, PtySize } from "../guest/protocol/request.ts"

/** Narrows an environment from the wire. Raises `invalid_argument` for names or values that no process can have. */
export function parseEnv(env: Readonly<Record<string, string>>): EnvPair[] {
  const pairs = Object.entries(env)
  if (pairs.length > LIMITS.envEntriesMax) {
    throw new PlatformError(
      "invalid_argument",
      `envs has ${pairs.length} entries, at most ${LIMITS.envEntriesMax} are allowed`,
    )
  }
  let bytes = 0
  for (const [name, value] of pairs) {
    if (name === "" || name.includes("=") || name.includes("\0") || value.includes("\0")) {
      throw new PlatformError(
        "invalid_argument",
        `"${name}" is not the name of an environment variable, or its value has a NUL byte`,
      )
    }
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 2
  }
  if (bytes > LIMITS.envBytesMax) {
    throw new PlatformError(
      "invalid_argument",
      `envs has ${bytes} bytes, at most ${LIMITS.envBytesMax} are allowed`,
    )
  }
  return pairs
}

/** Narrows a command from the wire. Raises `invalid_argument`. */
export function parseCommand(
  command: hostAgent.ExecCommand,
  options: { readonly pty?: PtySize; readonly stdin: boolean; readonly killOnDisconnect: boolean },
): ExecRequest {
  const argv = [command.cmd, ...command.args]
  if (command.cmd === "") throw new PlatformError("invalid_argument", "cmd must not be empty")
  if (argv.length > LIMITS.argsMax) {
    throw new PlatformError(
      "invalid_argument",
      `the command has ${argv.length} arguments, at most ${LIMITS.argsMax} are allowed`,
    )
  }
  const argBytes = argv.reduce((bytes, argument) => bytes + Buffer.byteLength(argument) + 1, 0)
  if (argBytes > LIMITS.argBytesMax) {
    throw new PlatformError(
      "invalid_argument",
      `the command has ${argBytes} bytes, at most ${LIMITS.argBytesMax} are allowed`,
    )
  }
  requireBytes("cwd", command.cwd, LIMITS.pathBytesMax)
  requireBytes("user", command.user, LIMITS.userBytesMax)
  for (const text of [...argv, command.cwd, command.user]) {
    if (text.includes("\0")) throw new PlatformError("invalid_argument", "the command contains a NUL byte")
  }
  return {
    argv,
    env: parseEnv(command.envs),
    cwd: command.cwd,
    user: command.user,
    timeoutMs: command.timeoutMs,
    stdin: options.stdin,
    killOnDisconnect: options.killOnDisconnect,
    ...(options.pty === undefined ? {} : { pty: parsePty(options.pty) }),
  }
}

/** Narrows a terminal size. Raises `invalid_argument`. */
export function parsePty(pty: PtySize): PtySize {
  const { cols, rows } = pty
  if (cols < 1 || cols > LIMITS.ptyColsMax || rows < 1 || rows > LIMITS.ptyRowsMax) {
    throw new PlatformError(
      "invalid_argument",
      `a terminal has 1 to ${LIMITS.ptyColsMax} columns and 1 to ${LIMITS.ptyRowsMax} rows, got ${cols} x ${rows}`,
    )
  }
  return { cols, rows }
}

/** Narrows a file's address. Raises `invalid_argument`. */
export function parseFileTarget(
  target: hostAgent.FileTarget | undefined,
): { readonly sandboxId: string } & FilePath {
  const present = required("target", target)
  requireBytes("user", present.user, LIMITS.userBytesMax)
  if (present.user.includes("\0")) throw new PlatformError("invalid_argument", "user contains a NUL byte")
  return {
    sandboxId: present.sandboxId,
    path: toGuestPath(present.path, LIMITS.pathBytesMax),
    user: present.user,
  }
}

function requireBytes(field: string, text: string, bytesMax: number): void {
  const bytes = Buffer.byteLength(text)
  if (bytes > bytesMax) {
    throw new PlatformError(
      "invalid_argument",
      `${field} has ${bytes} bytes, at most ${bytesMax} are allowed`,
    )
  }
}

/** A message field that must be there. Raises `invalid_argument`. */
export function required<T>(field: string, value: T | undefined): T {
  if (value === undefined) throw new PlatformError("invalid_argument", `${field} is required`)
  return value
}

/** Narrows permission bits: `{}` when not given. Raises `invalid_argument`. */
export function parseMode(mode: number | undefined): { readonly mode?: number } {
  if (mode === undefined) return {}
  if (mode > 0o7777)
    throw new PlatformError("invalid_argument", `mode must be at most 07777, got 0${mode.toString(8)}`)
  return { mode }
}
