/**
 * What a fault worker says, in shared memory, about the one call in which a VMM can hold it up: the read of that VMM's events.
 *
 * The main thread sees by it whether the worker is stuck, and with whom.
 */
export type ReadMarkWords = Int32Array<SharedArrayBuffer>

const PIDFD_INDEX = 0
const COUNT_INDEX = 1
const NOBODY = -1

/** Makes the words that a worker and the main thread share */
export function createReadMark(): ReadMarkWords {
  const words = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT))
  words[PIDFD_INDEX] = NOBODY
  return words
}

/** Reads with the mark set; for the worker */
export function markRead<Result>(words: ReadMarkWords, pidfd: number, read: () => Result): Result {
  Atomics.add(words, COUNT_INDEX, 1)
  Atomics.store(words, PIDFD_INDEX, pidfd)
  try {
    return read()
  } finally {
    Atomics.store(words, PIDFD_INDEX, NOBODY)
  }
}

/** A read that is under way; equal counts mean the same read */
export interface ReadUnderWay {
  /** Of the VMM whose events are read */
  readonly pidfd: number
  readonly count: number
}

/** Says what is being read; undefined when nothing is. For the main thread. */
export function readUnderWay(words: ReadMarkWords): ReadUnderWay | undefined {
  const count = Atomics.load(words, COUNT_INDEX)
  const pidfd = Atomics.load(words, PIDFD_INDEX)
  return pidfd === NOBODY ? undefined : { pidfd, count }
}
