import { open } from "node:fs/promises"

import { PlatformError } from "@thaw/model"
import { HEADER_BYTES_MAX, SnapshotFormatError, decodeHeader, type MemoryHeader } from "@thaw/snapshot-format"

/**
 * Reads a memory header.
 *
 * @throws {PlatformError} `data_loss`, with the format's own name of what is wrong as `details.reason`, when it is damaged;
 *   `not_found` when it is not there
 */
export async function readHeader(path: string): Promise<MemoryHeader> {
  try {
    return decodeHeader(await readBounded(path))
  } catch (error) {
    if (!(error instanceof SnapshotFormatError)) throw error
    throw new PlatformError("data_loss", `"${path}" cannot be read (${error.code}): ${error.message}`, {
      cause: error,
      details: { reason: error.code },
    })
  }
}

async function readBounded(path: string): Promise<Uint8Array> {
  await using file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error
    throw new PlatformError("not_found", `"${path}" is missing`, { cause: error })
  })
  const { size } = await file.stat()
  if (size <= HEADER_BYTES_MAX) return await file.readFile()
  throw new SnapshotFormatError("too_large", `it has ${size} bytes, at most ${HEADER_BYTES_MAX} are allowed`)
}
