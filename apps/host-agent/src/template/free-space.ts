import { statfs } from "node:fs/promises"

import { MIB, PlatformError } from "@thaw/model"

/** Raises `capacity_exhausted` when the file system of `directory` has less than `bytesMin` free */
export async function checkFreeSpace(directory: string, bytesMin: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const freeBytes = bavail * bsize
  if (freeBytes >= bytesMin) return
  throw new PlatformError(
    "capacity_exhausted",
    `a build needs ${Math.ceil(bytesMin / MIB)} MiB of free disk space, there are ${Math.floor(freeBytes / MIB)} MiB`,
    { internal: `file system of "${directory}"` },
  )
}
