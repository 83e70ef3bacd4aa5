import { addressOf, readWords, writeWords } from "../libc/address.ts"
import { closeDescriptor } from "../libc/close-descriptor.ts"
import { setNonBlocking } from "../libc/descriptor-flags.ts"
import { bindLibc } from "../libc/libc.ts"
import { SystemError, errnoName, lastErrno } from "../libc/system-error.ts"
import { openUserfaultfdDescriptor } from "./open-descriptor.ts"
import {
  UFFDIO_COPY,
  UFFDIO_REGISTER,
  UFFDIO_REGISTER_MODE_MISSING,
  UFFDIO_WAKE,
  UFFDIO_ZEROPAGE,
  UFFD_MSG_BYTES,
} from "./uffd-abi.ts"
import { agreeUffdApi } from "./uffd-api.ts"
import { decodeUffdEvent, type UffdEvent } from "./uffd-event.ts"

/**
 * How filling a range ended. `copiedBytes` from its start are filled now; on anything but `done` the rest is not.
 *
 * - `exists`: its first page is there already; nothing was filled
 * - `again`: with some bytes filled: going on after them tells why; with none: the owner is changing its address space, so read the events
 *   that wait, then try again
 * - `unmapped`: the range is not registered, or not mapped any more
 * - `gone`: the owner of the memory is gone
 */
export interface FillResult {
  readonly copiedBytes: number
  readonly outcome: "done" | "exists" | "again" | "unmapped" | "gone"
}

const EVENTS_MAX = 64
/** Room for the events of one read */
export const UFFD_EVENTS_BYTES = EVENTS_MAX * UFFD_MSG_BYTES

const ioctl = bindLibc("int ioctl(int fd, unsigned long request, void *argument)") as (
  fd: number,
  request: number,
  argument: Uint32Array,
) => number
const read = bindLibc("long read(int fd, void *target, size_t bytes)") as (
  fd: number,
  target: Uint32Array,
  bytes: number,
) => number

/** The page faults of a range of another process's memory, or of this one's; userfaultfd(2), ioctl_userfaultfd(2), Linux 6.1 */
export class Userfaultfd implements Disposable {
  readonly fd: number
  /** `struct uffdio_copy`, the longest of the ioctls' arguments: dst, src, len, mode, copy; five u64 */
  readonly #argument = new Uint32Array(10)
  readonly #events: Uint32Array
  #source: Uint8Array | undefined
  #sourceAddress = 0
  #isClosed = false

  private constructor(fd: number, events: Uint32Array = new Uint32Array(UFFD_EVENTS_BYTES / 4)) {
    this.fd = fd
    this.#events = events
  }

  /**
   * Opens a userfaultfd of this process's memory that does not block.
   *
   * @param features Of `UFFD_FEATURE`
   * @throws {SystemError} when there is none for this process, or EINVAL when the kernel lacks a feature
   */
  static open(features: bigint): Userfaultfd {
    const { fd } = openUserfaultfdDescriptor()
    try {
      agreeUffdApi(fd, features)
      return new Userfaultfd(fd)
    } catch (error) {
      closeDescriptor(fd)
      throw error
    }
  }

  /**
   * Takes over a descriptor that came from another process, and makes it non-blocking for all its holders.
   *
   * @param events Where events are read to, `UFFD_EVENTS_BYTES` long. A shared mapping of a file has them even when this process is killed right
   * after the read: the kernel copies them before it delivers the signal. `decodeUffdEvents` reads them there.
   */
  static fromDescriptor(fd: number, events?: Uint32Array): Userfaultfd {
    if (events !== undefined && events.byteLength < UFFD_EVENTS_BYTES) {
      throw new RangeError(`room for events has ${events.byteLength} bytes, ${UFFD_EVENTS_BYTES} are needed`)
    }
    setNonBlocking(fd)
    return new Userfaultfd(fd, events)
  }

  /** Asks for the faults on missing pages of a range; both are multiples of the page size */
  register(address: number, lengthBytes: number): void {
    this.#write(address, lengthBytes, UFFDIO_REGISTER_MODE_MISSING, 0)
    if (ioctl(this.fd, UFFDIO_REGISTER, this.#argument) === 0) return
    throw SystemError.last(`registering ${lengthBytes} bytes at 0x${address.toString(16)} with userfaultfd`)
  }

  /**
   * Reads the events that wait, up to 64, without blocking.
   *
   * The owner of the memory stands still in madvise(2) or munmap(2) until its `remove` or `unmap` event has been read.
   *
   * Whoever else holds the descriptor can make it block at any time, also between the two calls here: who reads what a stranger holds needs a
   * watchdog. While it blocks, poll(2) finds it in error.
   */
  readEvents(): UffdEvent[] {
    setNonBlocking(this.fd)
    const bytes = read(this.fd, this.#events, UFFD_EVENTS_BYTES)
    if (bytes < 0) {
      const errno = lastErrno()
      if (errnoName(errno) === "EAGAIN" || errnoName(errno) === "EINTR") return []
      throw new SystemError("reading the events of a userfaultfd", errno)
    }
    const events: UffdEvent[] = []
    for (let index = 0; index < bytes / UFFD_MSG_BYTES; index++) {
      events.push(decodeUffdEvent(this.#events, index))
    }
    return events
  }

  /**
   * Puts pages where they are missing, and wakes who waits for them.
   *
   * @param address Where, in the owner's memory
   * @param source At least `sourceOffsetBytes + lengthBytes` long; using one buffer again and again is fastest
   * @throws {SystemError} on what is a mistake of the caller: EINVAL, EFAULT, EBADF
   */
  copy(address: number, source: Uint8Array, lengthBytes: number, sourceOffsetBytes = 0): FillResult {
    if (sourceOffsetBytes + lengthBytes > source.byteLength) {
      throw new RangeError(`source of ${source.byteLength} bytes is too short for ${lengthBytes} bytes`)
    }
    if (source !== this.#source) {
      this.#source = source
      this.#sourceAddress = addressOf(source)
    }
    this.#write(address, this.#sourceAddress + sourceOffsetBytes, lengthBytes, 0)
    writeWords(this.#argument, 8, 0)
    if (ioctl(this.fd, UFFDIO_COPY, this.#argument) === 0)
      return { copiedBytes: lengthBytes, outcome: "done" }
    return this.#fillFailure(8, "copying")
  }

  /** Puts zero pages where pages are missing, and wakes who waits for them; as `copy` */
  zero(address: number, lengthBytes: number): FillResult {
    this.#write(address, lengthBytes, 0, 0)
    if (ioctl(this.fd, UFFDIO_ZEROPAGE, this.#argument) === 0) {
      return { copiedBytes: lengthBytes, outcome: "done" }
    }
    return this.#fillFailure(6, "zeroing")
  }

  /** Lets all threads that wait for a page of a range try again; they fault again when it is still missing */
  wake(address: number, lengthBytes: number): void {
    this.#write(address, lengthBytes, 0, 0)
    if (ioctl(this.fd, UFFDIO_WAKE, this.#argument) === 0) return
    throw SystemError.last(`waking the waiters of ${lengthBytes} bytes at 0x${address.toString(16)}`)
  }

  /** Who waits for a page now gets what a missing page of the file is without userfaultfd, once no other holder is left */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeDescriptor(this.fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #write(first: number, second: number, third: number, fourth: number): void {
    writeWords(this.#argument, 0, first)
    writeWords(this.#argument, 2, second)
    writeWords(this.#argument, 4, third)
    writeWords(this.#argument, 6, fourth)
  }

  /** @param copiedIndex Where the kernel put the number of bytes done, or minus the errno when there are none */
  #fillFailure(copiedIndex: number, action: string): FillResult {
    const errno = lastErrno()
    const isNegative = (this.#argument[copiedIndex + 1] ?? 0) >= 0x8000_0000
    const copiedBytes = isNegative ? 0 : readWords(this.#argument, copiedIndex)
    switch (errnoName(errno)) {
      case "EEXIST":
        return { copiedBytes, outcome: "exists" }
      case "EAGAIN":
        return { copiedBytes, outcome: "again" }
      case "ENOENT":
        return { copiedBytes, outcome: "unmapped" }
      case "ESRCH":
        return { copiedBytes, outcome: "gone" }
      default:
        throw new SystemError(`${action} with userfaultfd`, errno)
    }
  }
}
