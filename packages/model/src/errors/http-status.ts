import type { ErrorCode } from "./error-code.ts"

/** HTTP status of each error code; a code without a row does not compile. RFC 9110 §15; 499 is nginx's "client closed request". */
export const HTTP_STATUS = {
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  method_not_allowed: 405,
  already_exists: 409,
  wrong_state: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  quota_exceeded: 429,
  canceled: 499,
  internal: 500,
  data_loss: 500,
  unimplemented: 501,
  unavailable: 503,
  capacity_exhausted: 503,
  deadline_exceeded: 504,
} as const satisfies Record<ErrorCode, number>
