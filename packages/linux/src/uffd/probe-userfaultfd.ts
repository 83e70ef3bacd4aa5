import { closeSync, constants, openSync } from "node:fs"

import koffi from "koffi"

/** What userfaultfd(2) can do here */
export interface UserfaultfdProbe {
  /** `device`: also faults taken inside the kernel can be served, which virtio needs; `syscall`: see `handlesKernelFaults` */
  readonly source: "device" | "syscall"
  readonly handlesKernelFaults: boolean
  /** Whether missing pages of shared memory files can be served: `UFFD_FEATURE_MISSING_SHMEM` */
  readonly servesSharedMemory: boolean
}

/** include/uapi/linux/userfaultfd.h, Linux 6.1 */
const USERFAULTFD_IOC_NEW = 0xaa00
const UFFDIO_API = 0xc018aa3fn
const UFFD_API = 0xaan
const UFFD_FEATURE_MISSING_SHMEM = 1n << 5n
const UFFD_USER_MODE_ONLY = 1
/** arch/x86/entry/syscalls/syscall_64.tbl, Linux 6.1 */
const SYS_USERFAULTFD = 323
/** `struct uffdio_api`: api, features, ioctls; three u64 */
const API_STRUCT_BYTES = 24
const FEATURES_OFFSET = 8
/** fcntl.h; Node's constants lack it */
const O_CLOEXEC = 0o2000000

const DEVICE = "/dev/userfaultfd"

/**
 * Opens a userfaultfd and asks the kernel what it can do.
 *
 * @throws {Error} naming the errno when there is none for this process
 */
export function probeUserfaultfd(): UserfaultfdProbe {
  const libc = koffi.load("libc.so.6")
  const ioctl = libc.func("int ioctl(int fd, unsigned long request, ...)")
  const syscall = libc.func("long syscall(long number, long flags)")

  const openFromDevice = () => {
    const device = openDevice()
    if (device === undefined) return undefined
    try {
      const fd = Number(ioctl(device, USERFAULTFD_IOC_NEW, "int", O_CLOEXEC))
      return fd < 0 ? undefined : { fd, source: "device" as const, handlesKernelFaults: true }
    } finally {
      closeSync(device)
    }
  }
  const openFromSyscall = (flags: number) => {
    const fd = Number(syscall(SYS_USERFAULTFD, O_CLOEXEC | flags))
    const handlesKernelFaults = (flags & UFFD_USER_MODE_ONLY) === 0
    return fd < 0 ? undefined : { fd, source: "syscall" as const, handlesKernelFaults }
  }

  const opened = openFromDevice() ?? openFromSyscall(0) ?? openFromSyscall(UFFD_USER_MODE_ONLY)
  if (opened === undefined) throw new Error(`userfaultfd cannot be opened (errno ${koffi.errno()})`)
  try {
    const api = Buffer.alloc(API_STRUCT_BYTES)
    api.writeBigUInt64LE(UFFD_API)
    if (ioctl(opened.fd, UFFDIO_API, "void *", api) !== 0) {
      throw new Error(`userfaultfd refused its API version (errno ${koffi.errno()})`)
    }
    const features = api.readBigUInt64LE(FEATURES_OFFSET)
    const { source, handlesKernelFaults } = opened
    return { source, handlesKernelFaults, servesSharedMemory: (features & UFFD_FEATURE_MISSING_SHMEM) !== 0n }
  } finally {
    closeSync(opened.fd)
  }
}

function openDevice(): number | undefined {
  try {
    return openSync(DEVICE, constants.O_RDWR)
  } catch {
    return undefined
  }
}
