import { PlatformError } from "@thaw/model"
import type { hostAgent } from "@thaw/rpc"

import type { Context } from "../context.ts"
import { toTarget, type FileLocation } from "./file-target.ts"

export interface FileRead {
  readonly entry: hostAgent.FileEntry
  /** Ending it early cancels the read */
  readonly content: AsyncGenerator<Uint8Array, void, undefined>
}

export interface ReadOptions {
  readonly location: FileLocation
  readonly offsetBytes?: number
  readonly lengthBytes?: number | undefined
  /** Aborted when nobody wants the content any more; it may never have been asked for */
  readonly signal: AbortSignal
}

/**
 * Starts to read a file of a sandbox.
 *
 * Resolves when the first bytes, or the end, have come: an error until then is raised here, later ones by `content`.
 */
export async function readFile(context: Context, options: ReadOptions): Promise<FileRead> {
  const aborter = new AbortController()
  const request = {
    target: toTarget(options.location),
    offset: BigInt(options.offsetBytes ?? 0),
    ...(options.lengthBytes === undefined ? {} : { length: BigInt(options.lengthBytes) }),
  }
  const stream = context.host.client.readFileStream(request, {
    signal: AbortSignal.any([aborter.signal, options.signal]),
  })
  const messages = stream[Symbol.asyncIterator]()
  const first = await messages.next()
  if (first.done === true || first.value.message.case !== "entry") {
    aborter.abort()
    throw new PlatformError("internal", "internal error", {
      internal: "a file read did not begin with its entry",
    })
  }
  const second = await messages.next()
  return { entry: first.value.message.value, content: toContent(messages, second, aborter) }
}

type Messages = AsyncIterator<hostAgent.ReadFileStreamResponse>

async function* toContent(
  messages: Messages,
  second: Awaited<ReturnType<Messages["next"]>>,
  aborter: AbortController,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let step = second; step.done !== true; step = await messages.next()) {
      if (step.value.message.case === "chunk") yield step.value.message.value
    }
  } finally {
    aborter.abort()
  }
}
