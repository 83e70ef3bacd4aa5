import { closeSync, constants, openSync } from "node:fs"

import { bindLibc } from "../libc/libc.ts"
import { O_CLOEXEC, O_NONBLOCK } from "../libc/open-flags.ts"
import { SystemError } from "../libc/system-error.ts"
import { SYS_USERFAULTFD, UFFD_USER_MODE_ONLY, USERFAULTFD_DEVICE, USERFAULTFD_IOC_NEW } from "./uffd-abi.ts"

const ioctl = bindLibc("int ioctl(int fd, unsigned long request, long flags)") as (
  fd: number,
  request: number,
  flags: number,
) => number
const syscall = bindLibc("long syscall(long number, long flags)") as (number: number, flags: number) => number

const FLAGS = O_CLOEXEC | O_NONBLOCK

export interface OpenedUserfaultfd {
  readonly fd: number
  readonly source: "device" | "syscall"
  /** Whether faults that the kernel takes for a system call can be served too */
  readonly handlesKernelFaults: boolean
}

/**
 * Opens a userfaultfd, by the device when this process may, else by userfaultfd(2).
 *
 * @throws {SystemError} naming the errno when there is none for this process
 */
export function openUserfaultfdDescriptor(): OpenedUserfaultfd {
  const device = openDevice()
  if (device !== undefined) {
    try {
      const fd = ioctl(device, USERFAULTFD_IOC_NEW, FLAGS)
      if (fd >= 0) return { fd, source: "device", handlesKernelFaults: true }
    } finally {
      closeSync(device)
    }
  }
  const full = syscall(SYS_USERFAULTFD, FLAGS)
  if (full >= 0) return { fd: full, source: "syscall", handlesKernelFaults: true }
  const userOnly = syscall(SYS_USERFAULTFD, FLAGS | UFFD_USER_MODE_ONLY)
  if (userOnly >= 0) return { fd: userOnly, source: "syscall", handlesKernelFaults: false }
  throw SystemError.last("opening a userfaultfd")
}

function openDevice(): number | undefined {
  try {
    return openSync(USERFAULTFD_DEVICE, constants.O_RDWR)
  } catch {
    return undefined
  }
}
