import { randomUUID } from "node:crypto"
import { mkdir, open, rm, statfs, type FileHandle } from "node:fs/promises"
import { join } from "node:path"

import { LIMITS, MIB, PlatformError } from "@thaw/model"

/** Room that is left to the rest of the machine, its database first of all */
const RESERVE_BYTES = 512 * MIB
/** How often the room is looked at */
const CHECK_INTERVAL_BYTES = 16 * MIB

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
  await fill({ dir, handle }, content)
  const resources = stack.move()
  return {
    read: () => readFromStart(handle),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function fill(
  { dir, handle }: { readonly dir: string; readonly handle: FileHandle },
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  let sizeBytes = 0
  let checkAtBytes = 0
  for await (const chunk of content) {
    if (sizeBytes >= checkAtBytes) {
      await checkRoom(dir)
      checkAtBytes = sizeBytes + CHECK_INTERVAL_BYTES
    }
    sizeBytes += chunk.length
    if (sizeBytes > LIMITS.uploadBytesMax) {
      throw new PlatformError("payload_too_large", `a file may have at most ${LIMITS.uploadBytesMax} bytes`)
    }
    try {
      await writeWhole(handle, chunk)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error
      throw noRoom({ cause: error })
    }
  }
}

async function checkRoom(dir: string): Promise<void> {
  const { bavail, bsize } = await statfs(dir)
  if (bavail * bsize < RESERVE_BYTES) throw noRoom({})
}

function noRoom(options: { readonly cause?: unknown }): PlatformError {
  const message = 'no room for a file that comes before its path: send "path" first'
  return new PlatformError("capacity_exhausted", message, options)
}

/** Writes all of a chunk. On a disk that is nearly full Linux writes what there is room for, and says how much; only the next write fails. */
export async function writeWhole(handle: Pick<FileHandle, "write">, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length;) {
    offset += (await handle.write(chunk, offset, chunk.length - offset)).bytesWritten
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
