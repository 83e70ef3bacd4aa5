import { rename, stat } from "node:fs/promises"

import { MIB } from "@thaw/model"

const LOG_BYTES_MAX = 16 * MIB

/** Puts a log that has grown large aside as `<path>.1`, in the place of an older one */
export async function rotateLog(path: string, bytesMax = LOG_BYTES_MAX): Promise<void> {
  const entry = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })
  if (entry !== undefined && entry.size > bytesMax) await rename(path, `${path}.1`)
}
