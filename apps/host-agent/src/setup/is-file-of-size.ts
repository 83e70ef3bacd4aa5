import { stat } from "node:fs/promises"

/** Whether a regular file of `sizeBytes` is at `path`; a machine that lost power may have one that is cut off */
export async function isFileOfSize(path: string, sizeBytes: number): Promise<boolean> {
  try {
    const entry = await stat(path)
    return entry.isFile() && entry.size === sizeBytes
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false
    throw error
  }
}
