/** What a Range header asks for: from `first` to `last`, or the last `suffixBytes` */
export type ByteRange =
  | { readonly kind: "from"; readonly first: number; readonly last: number | undefined }
  | { readonly kind: "suffix"; readonly suffixBytes: number }

/** A part of a file of known size */
export interface FilePart {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/**
 * Reads a Range header: RFC 9110 §14.2.
 *
 * @returns Undefined for everything but one well-formed range of bytes; a server may then send the whole
 */
export function parseByteRange(header: string | undefined): ByteRange | undefined {
  const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header ?? "")
  if (match === null) return undefined
  const [, first = "", last = ""] = match
  if (first === "") return last === "" ? undefined : { kind: "suffix", suffixBytes: Number(last) }
  if (last !== "" && Number(last) < Number(first)) return undefined
  return { kind: "from", first: Number(first), last: last === "" ? undefined : Number(last) }
}

/** The part of a file that a range names; undefined when the file has no byte of it */
export function planFilePart(range: ByteRange, sizeBytes: number): FilePart | undefined {
  if (range.kind === "suffix") {
    const lengthBytes = Math.min(range.suffixBytes, sizeBytes)
    return lengthBytes === 0 ? undefined : { offsetBytes: sizeBytes - lengthBytes, lengthBytes }
  }
  if (range.first >= sizeBytes) return undefined
  const last = Math.min(range.last ?? sizeBytes - 1, sizeBytes - 1)
  return { offsetBytes: range.first, lengthBytes: last - range.first + 1 }
}

/** Value of `Content-Range` */
export function formatContentRange(part: FilePart, sizeBytes: number): string {
  return `bytes ${part.offsetBytes}-${part.offsetBytes + part.lengthBytes - 1}/${sizeBytes}`
}
