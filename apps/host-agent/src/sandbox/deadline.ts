/** Longest delay that Node's timers keep; https://nodejs.org/docs/latest-v24.x/api/timers.html */
const TIMER_MS_MAX = 2 ** 31 - 1

/**
 * Calls `onReached` once the wall clock reaches `atUnixMs`, however far that is. Disposing calls it off.
 */
export function armDeadline(atUnixMs: number, onReached: () => void): Disposable {
  let timer: NodeJS.Timeout
  const arm = () => {
    const remainingMs = Math.max(0, atUnixMs - Date.now())
    timer = setTimeout(
      () => (Date.now() >= atUnixMs ? onReached() : arm()),
      Math.min(remainingMs, TIMER_MS_MAX),
    )
    timer.unref()
  }
  arm()
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}
