import type { ErrorCode } from "./error-code.ts"

/** Facts about an error that a client may read; JSON values only */
export type ErrorDetails = Readonly<Record<string, unknown>>

export interface PlatformErrorOptions {
  /** Facts for the client */
  readonly details?: ErrorDetails
  /** Text for the operator's log; never sent */
  readonly internal?: string
  readonly cause?: unknown
}

/**
 * The one error class that crosses process borders.
 *
 * `message` is safe to show to users: it says what was asked and what is needed, without paths of the host or secrets.
 */
export class PlatformError extends Error {
  override readonly name = "PlatformError"
  readonly code: ErrorCode
  readonly details: ErrorDetails | undefined
  readonly internal: string | undefined

  constructor(code: ErrorCode, message: string, options: PlatformErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined)
    this.code = code
    this.details = options.details
    this.internal = options.internal
  }

  /** Widens anything thrown: a `PlatformError` as it is, all else to `internal` with the original as its cause */
  static from(thrown: unknown): PlatformError {
    if (thrown instanceof PlatformError) return thrown
    return new PlatformError("internal", "internal error", { cause: thrown })
  }
}
