import { bindLibc } from "../libc/libc.ts"
import { SystemError } from "../libc/system-error.ts"

const madvise = bindLibc("int madvise(intptr_t address, size_t bytes, int advice)") as (
  address: number,
  bytes: number,
  advice: number,
) => number

/** include/uapi/asm-generic/mman-common.h, Linux 6.1 */
const MADV_REMOVE = 9

/**
 * Gives pages of a shared mapping back to the system: the file has a hole there; madvise(2) MADV_REMOVE.
 *
 * With userfaultfd the thread stands still until the `remove` event has been read.
 */
export function removePages(address: number, lengthBytes: number): void {
  if (madvise(address, lengthBytes, MADV_REMOVE) === 0) return
  throw SystemError.last(`removing ${lengthBytes} bytes of memory`)
}
