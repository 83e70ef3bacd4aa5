import { readdirSync, readlinkSync } from "node:fs"
import { constants } from "node:os"

import { bindLibc } from "../libc/libc.ts"
import { SystemError, errnoName, lastErrno } from "../libc/system-error.ts"

const syscall = bindLibc("long syscall(long number, long a, long b, long c, long d)") as (
  number: number,
  a: number,
  b: number,
  c: number,
  d: number,
) => number

/** include/uapi/asm-generic/unistd.h, Linux 6.1; the same on x86-64 and arm64 */
const SYS_PIDFD_SEND_SIGNAL = 424
const SYS_PIDFD_OPEN = 434
const SYS_PIDFD_GETFD = 438

/**
 * Opens a descriptor that means one process for ever, and is readable when that has ended; pidfd_open(2), Linux 5.3.
 *
 * @returns Descriptor to end with `closeDescriptor`
 * @throws {SystemError} ESRCH when there is no such process
 */
export function openPidfd(pid: number): number {
  const fd = syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0)
  if (fd < 0) throw SystemError.last(`opening process ${pid}`)
  return fd
}

/**
 * Duplicates a descriptor of another process; pidfd_getfd(2), Linux 5.6. Needs the right to trace it.
 *
 * @returns Descriptor to end with `closeDescriptor`
 * @throws {SystemError} EBADF when it has no such descriptor, ESRCH when it has ended
 */
export function takeDescriptor(pidfd: number, fdNumber: number): number {
  const fd = syscall(SYS_PIDFD_GETFD, pidfd, fdNumber, 0, 0)
  if (fd < 0) throw SystemError.last(`taking descriptor ${fdNumber} of a process`)
  return fd
}

/** Sends a signal to that very process; false when it has ended; pidfd_send_signal(2), Linux 5.1 */
export function killByPidfd(pidfd: number, signal: NodeJS.Signals): boolean {
  if (syscall(SYS_PIDFD_SEND_SIGNAL, pidfd, constants.signals[signal], 0, 0) === 0) return true
  const errno = lastErrno()
  if (errnoName(errno) === "ESRCH") return false
  throw new SystemError(`sending ${signal} to a process`, errno)
}

/**
 * Lists the descriptors of a process that lead to `linkTarget`, such as `anon_inode:[userfaultfd]`; proc(5).
 *
 * @returns Ascending numbers; empty also when the process has ended
 */
export function findDescriptors(pid: number, linkTarget: string): number[] {
  const directory = `/proc/${pid}/fd`
  const numbers = ignoreGone(() => readdirSync(directory).map(Number)) ?? []
  return numbers
    .filter((number) => ignoreGone(() => readlinkSync(`${directory}/${number}`)) === linkTarget)
    .sort((a, b) => a - b)
}

/** The process ends, or closes a descriptor, while it is being looked at */
function ignoreGone<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "ENOENT" || code === "ESRCH") return undefined
    throw error
  }
}
