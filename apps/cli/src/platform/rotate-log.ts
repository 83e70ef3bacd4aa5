import { copyFile, stat, truncate } from "node:fs/promises"

import { MIB } from "@thaw/model"

const LOG_BYTES_MAX = 16 * MIB

/**
 * Puts what a log that has grown large holds aside as `<path>.1`, in the place of an older one.
 *
 * Whoever appends to the log at the time goes on doing so: it stays the same file. What comes between copying and emptying
 * is lost.
 */
export async function rotateLog(path: string, bytesMax = LOG_BYTES_MAX): Promise<void> {
  const entry = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })
  if (entry === undefined || entry.size <= bytesMax) return
  await copyFile(path, `${path}.1`)
  await truncate(path)
}
