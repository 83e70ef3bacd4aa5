import { spawn } from "node:child_process"
import { once } from "node:events"
import { open } from "node:fs/promises"

import { identifyProcess, type ProcessIdentity } from "../process/process-identity.ts"
import { CommandFailedError } from "./command-failed-error.ts"

export interface DetachedOptions {
  /** File that stdout and stderr are appended to; created with mode 0600 */
  readonly logPath: string
  readonly cwd?: string
  /** Added to this process's environment */
  readonly env?: Readonly<Record<string, string>>
  /** Become descriptors 3, 4, … of the program; they stay open here */
  readonly inheritedFds?: readonly number[]
}

/**
 * Starts a program in a session of its own that goes on when this process ends.
 *
 * @throws {CommandFailedError} when the program cannot be started
 */
export async function startDetached(
  argv: readonly [string, ...string[]],
  options: DetachedOptions,
): Promise<ProcessIdentity> {
  const startedAt = performance.now()
  await using log = await open(options.logPath, "a", 0o600)
  const [program, ...args] = argv
  const child = spawn(program, args, {
    detached: true,
    stdio: ["ignore", log.fd, log.fd, ...(options.inheritedFds ?? [])],
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
  })
  const failure = {
    argv,
    exitCode: child.exitCode,
    signal: null,
    timedOut: false,
    tooMuchOutput: false,
    aborted: false,
    stdout: "",
    stderr: "",
  }
  try {
    await once(child, "spawn")
  } catch (error) {
    throw new CommandFailedError({ ...failure, durationMs: performance.now() - startedAt }, { cause: error })
  }
  child.unref()
  const identity = child.pid === undefined ? undefined : await identifyProcess(child.pid)
  if (identity !== undefined) return identity
  throw new CommandFailedError({
    ...failure,
    exitCode: child.exitCode,
    durationMs: performance.now() - startedAt,
  })
}
