import { Readable } from "node:stream"

import type { ROUTES } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import type { FastifyReply } from "fastify"

import type { Context } from "../../context.ts"
import { statFile } from "../../operations/change-files.ts"
import { toLocation, type FileLocation } from "../../operations/file-target.ts"
import { findSandboxFor } from "../../operations/find-sandbox.ts"
import { readFile } from "../../operations/read-file.ts"
import { clientGone } from "../client-gone.ts"
import type { RouteHandler } from "../route-handler.ts"
import { formatContentRange, parseByteRange, planFilePart, type ByteRange } from "./byte-range.ts"
import { limitIdle } from "./limit-idle.ts"

/**
 * Downloads a file. The answer begins when the first bytes have come; a failure after that resets the connection.
 *
 * The whole of a file is sent in chunks, without a length: files such as those below `/proc` say 0 and have content.
 */
export function readFileRoute(context: Context): RouteHandler<typeof ROUTES.readFile> {
  return async ({ id, input, request, reply }) => {
    limitIdle(request)
    const signal = clientGone(reply)
    const range = parseByteRange(request.headers.range)
    const location = toLocation(id, input)
    if (range !== undefined) {
      // Tells the size, and also whether the sandbox runs.
      const { size } = await statFile(context, id, { ...input, follow_symlink: true })
      return await sendPart(context, { reply, location, range, sizeBytes: Number(size), signal })
    }
    await findSandboxFor(context, id, "files")
    const { content } = await readFile(context, { location, signal })
    return await send(reply.code(200), content)
  }
}

interface PartRequest {
  readonly reply: FastifyReply
  readonly location: FileLocation
  readonly range: ByteRange
  readonly sizeBytes: number
  readonly signal: AbortSignal
}

async function sendPart(context: Context, options: PartRequest): Promise<FastifyReply> {
  const { reply, location, range, sizeBytes, signal } = options
  const part = planFilePart(range, sizeBytes)
  if (part === undefined) {
    reply.header("content-range", `bytes */${sizeBytes}`)
    throw new PlatformError("range_not_satisfiable", `the file has ${sizeBytes} bytes, none of that range`)
  }
  const { content } = await readFile(context, { location, ...part, signal })
  reply.code(206)
  reply.header("content-range", formatContentRange(part, sizeBytes))
  reply.header("content-length", part.lengthBytes)
  return await send(reply, exactly(content, part.lengthBytes))
}

async function send(reply: FastifyReply, content: AsyncGenerator<Uint8Array>): Promise<FastifyReply> {
  reply.header("accept-ranges", "bytes")
  reply.type("application/octet-stream")
  // Not in object mode, so that the high-water mark counts bytes.
  return await reply.send(Readable.from(content, { objectMode: false }))
}

/** Fails when a file has become shorter than what was promised: the connection is then reset */
async function* exactly(
  content: AsyncGenerator<Uint8Array>,
  lengthBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sentBytes = 0
  for await (const chunk of content) {
    sentBytes += chunk.length
    yield chunk
  }
  if (sentBytes !== lengthBytes) {
    throw new PlatformError("internal", "internal error", {
      internal: `a file gave ${sentBytes} bytes of ${lengthBytes}`,
    })
  }
}
