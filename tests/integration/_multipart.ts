import { request } from "node:http"
import type { Readable } from "node:stream"
import { Readable as NodeReadable } from "node:stream"
import { pipeline } from "node:stream/promises"

import { API_KEY } from "./_harness.ts"

const BOUNDARY = "thaw-test-boundary"

/** One part of a form: text, or a file from a stream */
export type FormPart =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly content: Iterable<Uint8Array> | AsyncIterable<Uint8Array> }

/** The bytes of a multipart form, made as they are read */
export async function* formBytes(parts: readonly FormPart[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    const isFile = "content" in part
    const fileName = isFile ? '; filename="x"\r\ncontent-type: application/octet-stream' : ""
    yield Buffer.from(
      `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${part.name}"${fileName}\r\n\r\n`,
    )
    if (isFile) yield* part.content
    else yield Buffer.from(part.value)
    yield Buffer.from("\r\n")
  }
  yield Buffer.from(`--${BOUNDARY}--\r\n`)
}

/** Uploads a form in chunks, without holding it; gives the answer */
export async function upload(
  url: string,
  body: AsyncIterable<Uint8Array>,
): Promise<{ status: number; text: string }> {
  const outgoing = request(url, {
    method: "POST",
    headers: { "x-api-key": API_KEY, "content-type": `multipart/form-data; boundary=${BOUNDARY}` },
  })
  const answered = new Promise<Readable & { statusCode?: number }>((resolve, reject) => {
    outgoing.on("response", resolve)
    outgoing.on("error", reject)
  })
  const sent = pipeline(NodeReadable.from(body, { objectMode: false }), outgoing)
  const [response] = await Promise.all([answered, sent])
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }
}
