import { randomBytes } from "node:crypto"
import { constants, createWriteStream } from "node:fs"
import { chmod, lstat, open, rename, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import type { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"

/**
 * Writes a stream to a local file, which appears as a whole or not at all. A device or pipe that is there is written to.
 *
 * @returns The number of bytes
 */
export async function writeLocalFile(path: string, content: Readable, mode: number): Promise<number> {
  const there = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })
  if (there !== undefined && !there.isFile() && !there.isSymbolicLink()) {
    const stream = createWriteStream(path)
    await pipeline(content, stream)
    return stream.bytesWritten
  }
  const temporary = join(dirname(path), `.${basename(path).slice(0, 200)}.${randomBytes(6).toString("hex")}`)
  await using stack = new AsyncDisposableStack()
  const file = await open(temporary, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600)
  stack.defer(() => rm(temporary, { force: true }))
  const stream = file.createWriteStream()
  await pipeline(content, stream)
  await chmod(temporary, mode)
  await rename(temporary, path)
  return stream.bytesWritten
}
