import { writeSync } from "node:fs"

/** Writes all of `bytes` at a place of a file: one write puts down less when the disk gets full, and only the next one says so */
export function writeFully(fd: number, bytes: Uint8Array, offsetBytes: number): void {
  let writtenBytes = 0
  while (writtenBytes < bytes.length) {
    writtenBytes += writeSync(
      fd,
      bytes,
      writtenBytes,
      bytes.length - writtenBytes,
      offsetBytes + writtenBytes,
    )
  }
}
