import type { ExecSession } from "@thaw/sdk"

import { readTerminalSize } from "./local-terminal.ts"

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const

export interface SignalOptions {
  /** Whether changes of the terminal's size are passed on */
  readonly isTerminal: boolean
  /** Called for the second signal: the command did not end for the first */
  readonly onGivenUp: (name: NodeJS.Signals) => void
}

/** Passes the signals this process gets on to a command until disposed */
export function forwardSignals(session: ExecSession, options: SignalOptions): Disposable {
  let count = 0
  const onSignal = (name: NodeJS.Signals) => {
    count += 1
    // A connection that is gone shows in the events.
    if (count === 1) session.signal(name).catch(() => undefined)
    else options.onGivenUp(name)
  }
  const onResize = () => {
    session.resize(readTerminalSize(process.stdout)).catch(() => undefined)
  }
  for (const name of FORWARDED) process.on(name, onSignal)
  if (options.isTerminal) process.stdout.on("resize", onResize)
  return {
    [Symbol.dispose]: () => {
      for (const name of FORWARDED) process.off(name, onSignal)
      process.stdout.off("resize", onResize)
    },
  }
}
