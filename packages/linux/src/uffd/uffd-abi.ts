/** Kernel interface of userfaultfd: include/uapi/linux/userfaultfd.h, Linux 6.1 */

export const USERFAULTFD_IOC_NEW = 0xaa00
export const UFFDIO_API = 0xc018aa3f
export const UFFDIO_REGISTER = 0xc020aa00
export const UFFDIO_WAKE = 0x8010aa02
export const UFFDIO_COPY = 0xc028aa03
export const UFFDIO_ZEROPAGE = 0xc020aa04

export const UFFD_API = 0xaan
export const UFFD_USER_MODE_ONLY = 1
export const UFFDIO_REGISTER_MODE_MISSING = 1
export const UFFD_PAGEFAULT_FLAG_WRITE = 1

/** What a userfaultfd is asked to report, or is known to be able to */
export const UFFD_FEATURE = {
  eventFork: 1n << 1n,
  eventRemap: 1n << 2n,
  /** `remove` events of madvise(2) MADV_DONTNEED, MADV_REMOVE and MADV_FREE */
  eventRemove: 1n << 3n,
  /** Missing pages of shared memory files can be served */
  missingShmem: 1n << 5n,
  eventUnmap: 1n << 6n,
  /** Fault addresses with their offset in the page */
  exactAddress: 1n << 11n,
} as const

/** `struct uffd_msg`, packed: event u8 at 0; from 8 on: flags and address, or start and end, or from, to and length */
export const UFFD_MSG_BYTES = 32
export const UFFD_EVENT = { pagefault: 0x12, fork: 0x13, remap: 0x14, remove: 0x15, unmap: 0x16 } as const

/** arch/x86/entry/syscalls/syscall_64.tbl, Linux 6.1 */
export const SYS_USERFAULTFD = 323
export const USERFAULTFD_DEVICE = "/dev/userfaultfd"
