import { bindLibc } from "./libc.ts"
import { O_NONBLOCK } from "./open-flags.ts"
import { SystemError } from "./system-error.ts"

const fcntl = bindLibc("int fcntl(int fd, int command, long argument)") as (
  fd: number,
  command: number,
  argument: number,
) => number

/** <fcntl.h>, Linux */
const F_GETFL = 3
const F_SETFL = 4

/** Makes reads and writes of a descriptor wait; holds for all who share the open file */
export function setBlocking(fd: number): void {
  const flags = fcntl(fd, F_GETFL, 0)
  if (flags < 0) throw SystemError.last(`reading the flags of descriptor ${fd}`)
  if (fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) throw SystemError.last(`making descriptor ${fd} block`)
}

/** Makes reads and writes of a descriptor fail with EAGAIN instead of waiting; holds for all who share the open file */
export function setNonBlocking(fd: number): void {
  const flags = fcntl(fd, F_GETFL, 0)
  if (flags < 0) throw SystemError.last(`reading the flags of descriptor ${fd}`)
  if ((flags & O_NONBLOCK) !== 0) return
  if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
    throw SystemError.last(`making descriptor ${fd} non-blocking`)
  }
}
