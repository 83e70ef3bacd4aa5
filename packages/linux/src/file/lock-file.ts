import { closeSync, openSync } from "node:fs"

import { bindLibc } from "../libc/libc.ts"

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
  let held = true
  return {
    [Symbol.dispose]: () => {
      if (held) closeSync(fd)
      held = false
    },
  }
}
