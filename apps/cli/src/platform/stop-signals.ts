/** An abort signal for Ctrl-C, `kill` and the end of the terminal; disposing gives the signals back */
export function listenForStop(): Disposable & { readonly signal: AbortSignal } {
  const stop = new AbortController()
  const onSignal = (name: NodeJS.Signals) => stop.abort(new Error(`stopped by ${name}`))
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const
  for (const name of names) process.on(name, onSignal)
  return {
    signal: stop.signal,
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, onSignal)
    },
  }
}
