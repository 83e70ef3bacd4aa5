import { randomBytes } from "node:crypto"
import { Readable } from "node:stream"

/** One part of a form: a text field, or a file whose bytes are streamed */
export type FormPart =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly fileName: string; readonly content: AsyncIterable<Uint8Array> }

export interface MultipartBody {
  readonly contentType: string
  readonly stream: Readable
}

/**
 * Frames a form as `multipart/form-data` (RFC 7578) without holding any file in memory.
 *
 * @param boundary A text that occurs in no part; random unless told
 */
export function openMultipartBody(
  parts: Iterable<FormPart>,
  boundary = `thaw-${randomBytes(18).toString("hex")}`,
): MultipartBody {
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    stream: Readable.from(frameParts(parts, boundary), { objectMode: false }),
  }
}

async function* frameParts(parts: Iterable<FormPart>, boundary: string): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    yield Buffer.from(`--${boundary}\r\n${partHead(part)}\r\n`)
    if ("text" in part) yield Buffer.from(part.text)
    else yield* part.content
    yield Buffer.from("\r\n")
  }
  yield Buffer.from(`--${boundary}--\r\n`)
}

function partHead(part: FormPart): string {
  const disposition = `Content-Disposition: form-data; name="${escapeParameter(part.name)}"`
  if ("text" in part) return `${disposition}\r\n`
  return `${disposition}; filename="${escapeParameter(part.fileName)}"\r\nContent-Type: application/octet-stream\r\n`
}

/** The escapes browsers use: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data */
function escapeParameter(text: string): string {
  return text.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22")
}
