import { isUtf8 } from "node:buffer"

import type { Encoding } from "@thaw/api"

/** Puts bytes into a JSON string: as they are when they are UTF-8, else in base64 */
export function toOutputText(bytes: Uint8Array): { text: string; encoding: Encoding } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isUtf8(buffer)
    ? { text: buffer.toString("utf8"), encoding: "utf-8" }
    : { text: buffer.toString("base64"), encoding: "base64" }
}
