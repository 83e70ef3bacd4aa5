import { request } from "node:http"
import { Readable } from "node:stream"
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
  const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
    outgoing.on("error", reject)
    outgoing.on("response", (response) => {
      let text = ""
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString()
      })
      response.on("error", reject)
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }))
    })
  })
  // A server may answer, and the connection end, before everything was sent.
  const sent = pipeline(Readable.from(body, { objectMode: false }), outgoing)
  return await Promise.race([answered, sent.then(() => answered)])
}
