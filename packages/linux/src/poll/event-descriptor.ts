import { bindLibc } from "../libc/libc.ts"
import { O_CLOEXEC, O_NONBLOCK } from "../libc/open-flags.ts"
import { SystemError, errnoName, lastErrno } from "../libc/system-error.ts"

const eventfd = bindLibc("int eventfd(unsigned int i, int flags)") as (
  initial: number,
  flags: number,
) => number
const read = bindLibc("long read(int fd, void *counter, size_t bytes)") as (
  fd: number,
  counter: Buffer,
  bytes: number,
) => number
const write = bindLibc("long write(int fd, void *counter, size_t bytes)") as (
  fd: number,
  counter: Buffer,
  bytes: number,
) => number

const ONE = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])
const counter = Buffer.alloc(8)

/** Makes a descriptor by which one thread ends another's wait; eventfd(2). Its owner ends it with `closeDescriptor`. */
export function openEventDescriptor(): number {
  const fd = eventfd(0, O_CLOEXEC | O_NONBLOCK)
  if (fd < 0) throw SystemError.last("making an event descriptor")
  return fd
}

/** Makes an event descriptor readable; from any thread */
export function signalEvent(fd: number): void {
  // EAGAIN: it holds as many signals as it can, and is readable.
  if (write(fd, ONE, ONE.length) >= 0) return
  const errno = lastErrno()
  if (errnoName(errno) !== "EAGAIN") throw new SystemError(`signalling event descriptor ${fd}`, errno)
}

/** Takes all signals back; false when there were none */
export function drainEvent(fd: number): boolean {
  if (read(fd, counter, counter.length) >= 0) return true
  const errno = lastErrno()
  if (errnoName(errno) === "EAGAIN") return false
  throw new SystemError(`draining event descriptor ${fd}`, errno)
}
