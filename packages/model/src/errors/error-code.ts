/** Every error that leaves a service carries one of these; clients branch on them */
export const ERROR_CODES = [
  "invalid_argument",
  "unauthenticated",
  "permission_denied",
  "not_found",
  "method_not_allowed",
  "already_exists",
  "wrong_state",
  "payload_too_large",
  "unsupported_media_type",
  "range_not_satisfiable",
  "quota_exceeded",
  "canceled",
  "internal",
  "data_loss",
  "unimplemented",
  "unavailable",
  "capacity_exhausted",
  "deadline_exceeded",
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** Narrows text from a wire to an error code; undefined when it is none */
export function toErrorCode(text: string): ErrorCode | undefined {
  return ERROR_CODES.find((code) => code === text)
}
