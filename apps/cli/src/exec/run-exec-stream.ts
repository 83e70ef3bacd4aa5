import { constants } from "node:os"

import { PlatformError } from "@thaw/model"
import type { ExecSession, ExecStreamStart, ThawClient } from "@thaw/sdk"

import { exitCodeOfCommand } from "../exit-code.ts"
import { forwardSignals } from "./forward-signals.ts"
import { forwardStdin } from "./forward-stdin.ts"
import { enterRawMode, readTerminalSize } from "./local-terminal.ts"
import { OutputClosedError, writeOutput } from "./write-output.ts"

export interface ExecStreamOptions {
  readonly id: string
  readonly start: ExecStreamStart
  /** Passes standard input on */
  readonly interactive: boolean
  /** Gives the command a terminal */
  readonly terminal: boolean
}

const SIGNAL_EXIT_BASE = 128

/**
 * Runs a command in a sandbox as if it ran here: its output comes out as it is, its input and signals are passed on.
 *
 * @returns The exit code of this process
 */
export async function runExecStream(client: ThawClient, options: ExecStreamOptions): Promise<number> {
  // A write to a closed pipe is noticed where it is made.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)
  const session = await client.openExec(options.id, {
    ...options.start,
    stdin: options.interactive,
    kill_on_disconnect: true,
    ...(options.terminal ? { pty: readTerminalSize(process.stdout) } : {}),
  })
  await using _session = session
  const givenUp: { signal: NodeJS.Signals | undefined } = { signal: undefined }
  using _signals = forwardSignals(session, {
    isTerminal: options.terminal,
    onGivenUp: (signal) => {
      givenUp.signal = signal
      session.close()
    },
  })
  using _stdin = options.interactive ? closeStdinAtEnd() : undefined
  using _raw = options.terminal && options.interactive ? enterRawMode(process.stdin) : undefined
  try {
    if (options.interactive) void passStdin(session)
    return await passOutput(session)
  } catch (error) {
    if (error instanceof OutputClosedError) return SIGNAL_EXIT_BASE + constants.signals.SIGPIPE
    if (givenUp.signal !== undefined) return SIGNAL_EXIT_BASE + constants.signals[givenUp.signal]
    throw error
  }
}

/** An open standard input would keep this process alive */
function closeStdinAtEnd(): Disposable {
  return { [Symbol.dispose]: () => process.stdin.destroy() }
}

async function passOutput(session: ExecSession): Promise<number> {
  for await (const event of session.events()) {
    if (event.type === "stdout") await writeOutput(process.stdout, event.data)
    else if (event.type === "stderr") await writeOutput(process.stderr, event.data)
    else if (event.type === "exit") return exitCodeOfCommand(event)
  }
  throw new PlatformError("internal", "the command's events ended without an exit")
}

/** What goes wrong with the connection shows in the output; an input that cannot be read is an end of input */
async function passStdin(session: ExecSession): Promise<void> {
  await forwardStdin(process.stdin, session).catch(() => session.closeStdin().catch(() => undefined))
}
