import koffi from "koffi"

const WORD = 2 ** 32

/** Reads where a buffer lies in memory. User space addresses are below 2^47 and fit a number (Documentation/arch/x86/x86_64/mm.rst, Linux 6.1). */
export function addressOf(buffer: Uint8Array): number {
  return Number(koffi.address(buffer))
}

/** Writes an address or size as u64 into the two words from `index`; little-endian hosts only, as all Thaw runs on */
export function writeWords(words: Uint32Array, index: number, value: number): void {
  words[index] = value
  words[index + 1] = Math.floor(value / WORD)
}

/** Reads a u64 below 2^53 from the two words from `index` */
export function readWords(words: Uint32Array, index: number): number {
  return (words[index + 1] ?? 0) * WORD + (words[index] ?? 0)
}
