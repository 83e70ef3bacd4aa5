import { PlatformError } from "@thaw/model"

import type { SerializedError } from "./worker-messages.ts"

/** Turns anything thrown in a worker into what can be sent: a `PlatformError` as it is, all else as `internal`, with its text where it names no path */
export function serializeError(thrown: unknown): SerializedError {
  if (thrown instanceof PlatformError) {
    const { code, message, internal } = thrown
    return { code, message, internal: internal ?? (thrown.cause as Error | undefined)?.message }
  }
  if (!(thrown instanceof Error)) return { code: "internal", message: String(thrown), internal: undefined }
  const message = "path" in thrown ? "internal error" : thrown.message
  return { code: "internal", message, internal: thrown.stack }
}

/** The error again, on the side it was sent to */
export function deserializeError({ code, message, internal }: SerializedError): PlatformError {
  return new PlatformError(code, message, internal === undefined ? {} : { internal })
}
