import { randomBytes } from "node:crypto"
import { link, open, rm } from "node:fs/promises"

/** Writes a file that is not there yet, as a whole; false, and nothing changed, when it is there */
export async function createFileAtomic(path: string, content: string, mode: number): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`
  await using stack = new AsyncDisposableStack()
  await using file = await open(temporary, "wx", mode)
  stack.defer(() => rm(temporary, { force: true }))
  await file.writeFile(content)
  await file.sync()
  try {
    // Unlike rename(2), link(2) never replaces.
    await link(temporary, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false
    throw error
  }
}
