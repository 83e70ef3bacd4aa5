import { readUnderWay, type ReadMarkWords } from "./read-mark.ts"

const CHECK_MS = 200
/** Checks, and not a time, so that a machine or a pager that stood still does not look like a worker that does */
const CHECKS_MAX = 6

/**
 * Tells once when a worker has been in one read of a VMM's events for more than a second, which is a read that must not wait at all.
 *
 * A VMM shares the descriptor and can make it block in the moment before the read. Disposing it ends the watch.
 *
 * @param onStuck Given the pidfd of the VMM, which stays open for as long as the worker is stuck
 */
export function watchReads(words: ReadMarkWords, onStuck: (pidfd: number) => void): Disposable {
  let lastCount: number | undefined
  let seen = 0
  const check = () => {
    const read = readUnderWay(words)
    seen = read !== undefined && read.count === lastCount ? seen + 1 : 0
    lastCount = read?.count
    if (read === undefined || seen < CHECKS_MAX) return
    clearInterval(timer)
    onStuck(read.pidfd)
  }
  const timer = setInterval(check, CHECK_MS).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
