import type { ErrorCode, PlatformError } from "@thaw/model"

import type { Context } from "../context.ts"

const UNKNOWN: ReadonlySet<ErrorCode> = new Set(["unavailable", "deadline_exceeded", "canceled"])

/**
 * Whether a call that failed may have done its work, or may still do it.
 *
 * A process that is going down has cut its calls off and knows nothing.
 */
export function isOutcomeUnknown(context: Context, error: PlatformError): boolean {
  return context.closing.aborted || UNKNOWN.has(error.code)
}
