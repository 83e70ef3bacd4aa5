import { open, rename, rm } from "node:fs/promises"
import { dirname } from "node:path"

/**
 * Replaces a file so that a reader, and a machine that loses power, has the old content or the new and never a part.
 *
 * Writes beside the target, syncs, renames, and syncs the directory; rename(2).
 *
 * @param options `mode` of the new file
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: { readonly mode: number },
): Promise<void> {
  const temporary = `${path}.${process.pid}.${process.hrtime.bigint()}.tmp`
  try {
    await using file = await open(temporary, "wx", options.mode)
    await file.writeFile(content)
    await file.sync()
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Makes renames and removals in a directory durable */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, "r")
  await directory.sync()
}
