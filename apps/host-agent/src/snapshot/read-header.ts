import { open } from "node:fs/promises"

import { HEADER_BYTES_MAX, decodeHeader, type MemoryHeader } from "@thaw/snapshot-format"

/** Reads and checks a memory header. Throws with what is wrong with it, or an error of the system call. */
export async function readHeader(path: string): Promise<MemoryHeader> {
  let file
  try {
    file = await open(path, "r")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
    throw new Error("memory header is missing", { cause: error })
  }
  await using _ = file
  const { size } = await file.stat()
  if (size > HEADER_BYTES_MAX) {
    throw new RangeError(`memory header has ${size} bytes, at most ${HEADER_BYTES_MAX} are read`)
  }
  return decodeHeader(await file.readFile())
}
