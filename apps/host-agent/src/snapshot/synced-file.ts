import { open } from "node:fs/promises"

/** Makes a file's content durable; fine when there is no such file */
export async function syncFile(path: string): Promise<void> {
  try {
    await using file = await open(path, "r")
    await file.sync()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
  }
}

/** Writes a new file and makes its content durable. Its directory is the caller's to sync. */
export async function writeSynced(
  path: string,
  content: string | Uint8Array,
  options: { readonly mode: number },
): Promise<void> {
  await using file = await open(path, "w", options.mode)
  await file.writeFile(content)
  await file.sync()
}
