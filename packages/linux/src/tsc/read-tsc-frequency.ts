import { setTimeout as sleep } from "node:timers/promises"

import koffi from "koffi"

/** `rdtsc`; `shl rdx, 32`; `or rax, rdx`; `ret` */
const READ_TSC_CODE = Uint8Array.from([0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0, 0xc3])

/** <sys/mman.h>, Linux on x86-64 */
const PROT_READ_WRITE = 0x1 | 0x2
const PROT_READ_EXEC = 0x1 | 0x4
const MAP_PRIVATE_ANONYMOUS = 0x02 | 0x20
const PAGE_BYTES = 4096

const INTERVAL_MS = 60
const SAMPLE_COUNT = 20
const NS_PER_MS = 1_000_000n

const libc = koffi.load("libc.so.6")
const mmap = libc.func(
  "void *mmap(void *addr, size_t length, int prot, int flags, int fd, int64_t offset)",
) as (...args: [null, number, number, number, number, number]) => unknown
const mprotect = libc.func("int mprotect(void *addr, size_t length, int prot)") as (
  ...args: [unknown, number, number]
) => number
const munmap = libc.func("int munmap(void *addr, size_t length)") as (...args: [unknown, number]) => number
const readTscPrototype = koffi.proto("uint64_t thaw_read_tsc()")

interface Sample {
  readonly ticks: bigint
  readonly timeNs: bigint
}

/**
 * Measures the frequency of this machine's time stamp counter against the monotonic clock, in kHz, to a few parts in a
 * million. The kernel knows it and does not tell programs.
 */
export async function readTscKhz(): Promise<number> {
  const page = mmap(null, PAGE_BYTES, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0)
  try {
    koffi.encode(page, "uint8_t", READ_TSC_CODE, READ_TSC_CODE.length)
    if (mprotect(page, PAGE_BYTES, PROT_READ_EXEC) !== 0) throw new Error("cannot make a page executable")
    const readTsc = koffi.decode(page, readTscPrototype) as () => number | bigint
    const first = sample(readTsc)
    await sleep(INTERVAL_MS)
    const last = sample(readTsc)
    return Number(((last.ticks - first.ticks) * NS_PER_MS) / (last.timeNs - first.timeNs))
  } finally {
    munmap(page, PAGE_BYTES)
  }
}

/** Reads counter and clock together; of several tries the one that was interrupted least */
function sample(readTsc: () => number | bigint): Sample {
  let best: (Sample & { readonly widthNs: bigint }) | undefined
  for (let count = 0; count < SAMPLE_COUNT; count++) {
    const before = process.hrtime.bigint()
    const ticks = BigInt(readTsc())
    const after = process.hrtime.bigint()
    const widthNs = after - before
    if (best === undefined || widthNs < best.widthNs) best = { ticks, timeNs: before + widthNs / 2n, widthNs }
  }
  if (best === undefined) throw new RangeError("no sample was taken")
  return best
}
