import koffi from "koffi"

import { bindLibc } from "../libc/libc.ts"
import { SystemError } from "../libc/system-error.ts"

type Mmap = (
  address: number,
  bytes: number,
  protection: number,
  flags: number,
  fd: number,
  offset: number,
) => number

const mmap = bindLibc(
  "intptr_t mmap(intptr_t address, size_t bytes, int protection, int flags, int fd, int64_t offset)",
) as Mmap
const munmap = bindLibc("int munmap(intptr_t address, size_t bytes)") as (
  address: number,
  bytes: number,
) => number

/** include/uapi/asm-generic/mman-common.h, Linux 6.1 */
const PROT_READ = 1
const PROT_WRITE = 2
const MAP_SHARED = 1

export interface SharedMapping extends Disposable {
  readonly address: number
  /** The memory itself. Not to be touched after the mapping's end: that ends the process. */
  readonly view: Buffer
}

/**
 * Maps a file readable, writable and shared; mmap(2).
 *
 * Touching a missing page of memory registered with userfaultfd stops the thread until someone serves it: for tests and simulated VMMs, which
 * touch it in another thread than they serve it.
 */
export function mapSharedFile(fd: number, lengthBytes: number): SharedMapping {
  const address = mmap(0, lengthBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
  if (address === -1) throw SystemError.last(`mapping ${lengthBytes} bytes of descriptor ${fd}`)
  let isMapped = true
  return {
    address,
    view: viewMemory(address, lengthBytes),
    [Symbol.dispose]: () => {
      if (!isMapped) return
      isMapped = false
      if (munmap(address, lengthBytes) !== 0) throw SystemError.last(`unmapping ${lengthBytes} bytes`)
    },
  }
}

/** Looks at memory of this process by its address, such as a mapping made in another thread; the same warnings hold */
export function viewMemory(address: number, lengthBytes: number): Buffer {
  return Buffer.from(koffi.view(BigInt(address), lengthBytes))
}
