export interface IdleOptions {
  readonly timeoutMs: number
  readonly isBusy: () => boolean
  readonly onIdle: () => void
}

const CHECKS_PER_TIMEOUT = 60

/** Tells once when nothing has been busy for `timeoutMs`, give or take a sixtieth. Disposing it ends the watch. */
export function watchIdle(options: IdleOptions): Disposable {
  let idleSince = performance.now()
  const check = () => {
    const now = performance.now()
    if (options.isBusy()) idleSince = now
    if (now - idleSince < options.timeoutMs) return
    clearInterval(timer)
    options.onIdle()
  }
  const timer = setInterval(check, Math.ceil(options.timeoutMs / CHECKS_PER_TIMEOUT))
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
