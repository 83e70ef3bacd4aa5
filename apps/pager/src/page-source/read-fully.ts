import { readSync } from "node:fs"

/**
 * Reads until `lengthBytes` are there or the file ends; pread(2).
 *
 * @returns How many bytes were read
 */
export function readFully(
  fd: number,
  target: Uint8Array,
  at: { readonly targetOffset: number; readonly lengthBytes: number; readonly fileOffset: number },
): number {
  let done = 0
  while (done < at.lengthBytes) {
    const bytes = readSync(fd, target, at.targetOffset + done, at.lengthBytes - done, at.fileOffset + done)
    if (bytes === 0) break
    done += bytes
  }
  return done
}
