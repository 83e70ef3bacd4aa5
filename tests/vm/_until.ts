import { setTimeout as sleep } from "node:timers/promises"

const POLL_MS = 50

/** Reads until it is so, and returns what it is; fails the test with the last value when the time is over */
export async function until<T>(
  read: () => Promise<T>,
  isDone: (value: T) => boolean,
  timeoutMs: number,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await read()
    if (isDone(value)) return value
    if (performance.now() > deadline) {
      throw new Error(`not so within ${timeoutMs} ms: ${JSON.stringify(value)}`)
    }
    await sleep(POLL_MS)
  }
}
