import { closeSync, openSync } from "node:fs"

import { bindLibc } from "../libc/libc.ts"
import { SystemError, errnoName, lastErrno } from "../libc/system-error.ts"

/** `flock` operations of <sys/file.h>, Linux */
const LOCK_EX = 2
const LOCK_NB = 4

const flock = bindLibc("int flock(int fd, int operation)") as (fd: number, operation: number) => number

/**
 * Takes a lock that ends with this process, however it ends; flock(2).
 *
 * @returns The lock, or undefined when another process holds it
 */
export function tryLockFile(path: string): Disposable | undefined {
  const fd = openSync(path, "a", 0o600)
  if (flock(fd, LOCK_EX | LOCK_NB) !== 0) {
    closeSync(fd)
    return undefined
  }
  return toLock(fd)
}

/**
 * Waits, and this process with it, for a lock on a directory; flock(2). For what takes no longer than a few system calls.
 *
 * The lock is on the directory as it is found, whatever is mounted over it later.
 */
export function lockDirectory(path: string): Disposable {
  const fd = openSync(path, "r")
  while (flock(fd, LOCK_EX) !== 0) {
    const errno = lastErrno()
    if (errnoName(errno) === "EINTR") continue
    closeSync(fd)
    throw new SystemError(`locking '${path}'`, errno)
  }
  return toLock(fd)
}

function toLock(fd: number): Disposable {
  let held = true
  return {
    [Symbol.dispose]: () => {
      if (held) closeSync(fd)
      held = false
    },
  }
}
