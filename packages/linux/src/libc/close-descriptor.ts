import { bindLibc } from "./libc.ts"
import { SystemError } from "./system-error.ts"

const close = bindLibc("int close(int fd)") as (fd: number) => number

/**
 * Closes a descriptor that this package made.
 *
 * Node counts the descriptors its own `openSync` opens in a worker thread, and warns when its `closeSync` is given another: each is closed by the
 * side that opened it.
 *
 * @throws {SystemError} EBADF when it is closed already
 */
export function closeDescriptor(fd: number): void {
  // EINTR too leaves it closed on Linux; close(2).
  if (close(fd) !== 0) {
    const error = SystemError.last(`close of descriptor ${fd}`)
    if (error.code === "EBADF") throw error
  }
}
