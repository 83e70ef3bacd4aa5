import { randomUUID } from "node:crypto"
import { mkdir, open, rm, type FileHandle } from "node:fs/promises"
import { join } from "node:path"

import { LIMITS, PlatformError } from "@thaw/model"

/** A file on the control plane's disk without a name: gone when it is disposed, and also when this process dies */
export interface SpooledFile extends AsyncDisposable {
  /** Reads it from its beginning */
  read(): AsyncIterable<Uint8Array>
}

/** Puts a stream on disk until it is known where it goes */
export async function spoolFile(dir: string, content: AsyncIterable<Uint8Array>): Promise<SpooledFile> {
  await using stack = new AsyncDisposableStack()
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const path = join(dir, randomUUID())
  const handle = stack.use(await open(path, "wx+", 0o600))
  await rm(path)
  await fill(handle, content)
  const resources = stack.move()
  return {
    read: () => readFromStart(handle),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function fill(handle: FileHandle, content: AsyncIterable<Uint8Array>): Promise<void> {
  let sizeBytes = 0
  for await (const chunk of content) {
    sizeBytes += chunk.length
    if (sizeBytes > LIMITS.uploadBytesMax) {
      throw new PlatformError("payload_too_large", `a file may have at most ${LIMITS.uploadBytesMax} bytes`)
    }
    try {
      await handle.write(chunk)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error
      throw new PlatformError(
        "capacity_exhausted",
        'no room for a file that comes before its path: send "path" first',
        {
          cause: error,
        },
      )
    }
  }
}

async function* readFromStart(handle: FileHandle): AsyncGenerator<Uint8Array> {
  for (let position = 0; ;) {
    // A buffer of its own for each chunk: the one before may still be on its way out.
    const { bytesRead, buffer } = await handle.read(
      Buffer.alloc(LIMITS.chunkBytesMax),
      0,
      LIMITS.chunkBytesMax,
      position,
    )
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
