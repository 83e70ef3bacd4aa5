import { PlatformError, type ErrorCode, type ErrorDetails } from "@thaw/model"

import type { CaptureRequest, CaptureResult } from "./capture-memory.ts"
import type { CompactRequest, CompactResult } from "./compact-memory.ts"

/** What the capture thread can be asked, and what it answers */
export interface CaptureJobs {
  readonly capture: { readonly request: CaptureRequest; readonly result: CaptureResult }
  readonly compact: { readonly request: CompactRequest; readonly result: CompactResult }
}

export type CaptureJobKind = keyof CaptureJobs

export type CaptureJobMessage = {
  readonly [Kind in CaptureJobKind]: {
    readonly kind: Kind
    readonly request: CaptureJobs[Kind]["request"]
    /** One word, not zero when the job is to end */
    readonly cancelFlag: Int32Array
  }
}[CaptureJobKind]

export type CaptureAnswer =
  | { readonly result: CaptureResult | CompactResult }
  | { readonly error: ErrorMessage }

/** A `PlatformError` between threads, which keep only the class `Error` */
interface ErrorMessage {
  readonly code: ErrorCode
  readonly message: string
  readonly details: ErrorDetails | undefined
  readonly internal: string | undefined
}

export function toErrorMessage(thrown: unknown): ErrorMessage {
  const error = PlatformError.from(thrown)
  const { code, message, details } = error
  const cause = error.cause instanceof Error ? error.cause.stack : undefined
  return {
    code,
    message,
    details,
    internal: [error.internal, cause].filter((text) => text !== undefined).join("; "),
  }
}

export function fromErrorMessage({ code, message, details, internal }: ErrorMessage): PlatformError {
  return new PlatformError(code, message, {
    ...(details === undefined ? {} : { details }),
    ...(internal === undefined ? {} : { internal }),
  })
}
