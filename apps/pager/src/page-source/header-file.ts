import { closeSync, fstatSync, openSync } from "node:fs"

import { HEADER_BYTES_MAX, SnapshotFormatError, decodeHeader, type MemoryHeader } from "@thaw/snapshot-format"

import { toDataLoss } from "./data-loss.ts"
import { readFully } from "./read-fully.ts"

/**
 * Reads a header file and checks all of it.
 *
 * @throws {PlatformError} `data_loss` when it is missing, truncated, damaged or of another version
 */
export function readHeaderFile(path: string): MemoryHeader {
  try {
    return decodeHeader(readLimited(path))
  } catch (error) {
    throw toDataLoss(error, "memory header", path)
  }
}

function readLimited(path: string): Buffer {
  const fd = openSync(path, "r")
  try {
    const lengthBytes = fstatSync(fd).size
    if (lengthBytes > HEADER_BYTES_MAX) {
      throw new SnapshotFormatError("too_large", `it has ${lengthBytes} bytes, at most ${HEADER_BYTES_MAX}`)
    }
    const bytes = Buffer.alloc(lengthBytes)
    return bytes.subarray(0, readFully(fd, bytes, { targetOffset: 0, lengthBytes, fileOffset: 0 }))
  } finally {
    closeSync(fd)
  }
}
