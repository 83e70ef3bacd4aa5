import { bindLibc } from "../libc/libc.ts"
import { SystemError, errnoName, lastErrno } from "../libc/system-error.ts"

const poll = bindLibc("int poll(void *entries, unsigned long count, int timeoutMs)") as (
  entries: Buffer,
  count: number,
  timeoutMs: number,
) => number

/** `struct pollfd` of <poll.h>, Linux: fd i32, events i16, revents i16 */
const ENTRY_BYTES = 8
const EVENTS_OFFSET = 4
const RETURNED_OFFSET = 6
const POLLIN = 1
const POLLERR = 8

const CAPACITY_MIN = 16

/**
 * Descriptors that one thread waits for together; poll(2).
 *
 * `wait` blocks the thread, and so belongs in worker threads; an event descriptor in the set ends a wait from another thread.
 */
export class PollSet {
  readonly #fds: number[] = []
  #entries = Buffer.alloc(CAPACITY_MIN * ENTRY_BYTES)

  /** Adds a descriptor to wait for; does nothing when it is in the set */
  add(fd: number): void {
    if (this.#fds.includes(fd)) return
    const index = this.#fds.push(fd) - 1
    if (this.#fds.length * ENTRY_BYTES > this.#entries.length) {
      this.#entries = Buffer.concat([this.#entries, Buffer.alloc(this.#entries.length)])
    }
    this.#writeEntry(index, fd)
  }

  /** Takes a descriptor out, before it is closed; does nothing when it is not in the set */
  remove(fd: number): void {
    const index = this.#fds.indexOf(fd)
    if (index < 0) return
    const last = this.#fds.pop()
    if (last === undefined || last === fd) return
    this.#fds[index] = last
    this.#writeEntry(index, last)
  }

  /**
   * Waits until something can be read, or a peer is gone, or a descriptor is in error or closed.
   *
   * @param timeoutMs 0 does not wait, -1 waits without end
   * @returns Which; empty after the timeout or a signal
   */
  wait(timeoutMs: number): number[] {
    const count = poll(this.#entries, this.#fds.length, timeoutMs)
    if (count < 0) {
      const errno = lastErrno()
      if (errnoName(errno) === "EINTR") return []
      throw new SystemError(`poll of ${this.#fds.length} descriptors`, errno)
    }
    if (count === 0) return []
    return this.#fds.filter(
      (_, index) => this.#entries.readInt16LE(index * ENTRY_BYTES + RETURNED_OFFSET) !== 0,
    )
  }

  /** Whether the last wait found that descriptor in error; what that means is up to its kind */
  isInError(fd: number): boolean {
    const index = this.#fds.indexOf(fd)
    return index >= 0 && (this.#entries.readInt16LE(index * ENTRY_BYTES + RETURNED_OFFSET) & POLLERR) !== 0
  }

  #writeEntry(index: number, fd: number): void {
    this.#entries.writeInt32LE(fd, index * ENTRY_BYTES)
    this.#entries.writeInt16LE(POLLIN, index * ENTRY_BYTES + EVENTS_OFFSET)
    this.#entries.writeInt16LE(0, index * ENTRY_BYTES + RETURNED_OFFSET)
  }
}
