import { constants } from "node:os"

import koffi from "koffi"

const NAMES: ReadonlyMap<number, string> = errnoNames()

/** A system call that failed */
export class SystemError extends Error {
  override readonly name = "SystemError"
  /** Name of the errno, such as `ENOENT`; errno(3) */
  readonly code: string
  readonly errno: number

  /** @param action What was tried, as in `poll of 3 descriptors` */
  constructor(action: string, errno: number) {
    super(`${action} failed: ${errnoName(errno)}`)
    this.code = errnoName(errno)
    this.errno = errno
  }

  /** Of the call made last in this thread; to be asked right after it */
  static last(action: string): SystemError {
    return new SystemError(action, koffi.errno())
  }
}

/** Errno of the C call made last in this thread; to be asked right after it */
export function lastErrno(): number {
  return koffi.errno()
}

/** Formats an errno as its name, or as its number when it has none here */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`
}

function errnoNames(): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  // EWOULDBLOCK has the number of EAGAIN, and EOPNOTSUPP that of ENOTSUP: the first stays.
  for (const [name, errno] of Object.entries(constants.errno)) if (!names.has(errno)) names.set(errno, name)
  return names
}
