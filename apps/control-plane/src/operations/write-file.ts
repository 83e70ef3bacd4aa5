import { LIMITS, PlatformError } from "@thaw/model"
import type { hostAgent } from "@thaw/rpc"
import type { MessageInitShape } from "@bufbuild/protobuf"

import type { Context } from "../context.ts"
import { FallibleSource } from "./fallible-source.ts"
import { toTarget, type FileLocation } from "./file-target.ts"

type WriteRequest = MessageInitShape<typeof hostAgent.WriteFileStreamRequestSchema>

export interface FileWrite {
  readonly location: FileLocation
  /** Undefined: that of the replaced file, else 0644 */
  readonly mode: number | undefined
  readonly content: AsyncIterable<Uint8Array>
  /** Aborted when nobody waits for the file any more */
  readonly signal: AbortSignal
}

/**
 * Writes a file of a sandbox from a stream, as fast as the guest takes it.
 *
 * The file appears when all of it has come. When `content` fails or is longer than allowed, nothing appears.
 */
export async function writeFile(context: Context, write: FileWrite): Promise<hostAgent.FileEntry> {
  const source = new FallibleSource(limited(write.content))
  async function* requests(): AsyncGenerator<WriteRequest> {
    const mode = write.mode === undefined ? {} : { mode: write.mode }
    yield { message: { case: "meta", value: { target: toTarget(write.location), ...mode } } }
    for await (const chunk of source) yield { message: { case: "chunk", value: chunk } }
    if (!source.hasFailed) yield { message: { case: "end", value: {} } }
  }
  try {
    return await context.host.client.writeFileStream(requests(), { signal: write.signal })
  } catch (error) {
    throw source.hasFailed ? source.failure : error
  }
}

/** Cuts chunks to the size a message may have, and stops a file that is too large */
async function* limited(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0
  for await (const chunk of content) {
    sizeBytes += chunk.length
    if (sizeBytes > LIMITS.uploadBytesMax) {
      throw new PlatformError("payload_too_large", `a file may have at most ${LIMITS.uploadBytesMax} bytes`)
    }
    for (let offset = 0; offset < chunk.length; offset += LIMITS.chunkBytesMax) {
      yield chunk.subarray(offset, offset + LIMITS.chunkBytesMax)
    }
  }
}
