import { Code } from "@connectrpc/connect"
import type { ErrorCode } from "@thaw/model"

/** Connect code of each platform error code; a code without a row does not compile. https://connectrpc.com/docs/protocol#error-codes */
export const RPC_CODE = {
  invalid_argument: Code.InvalidArgument,
  unauthenticated: Code.Unauthenticated,
  permission_denied: Code.PermissionDenied,
  not_found: Code.NotFound,
  method_not_allowed: Code.Unimplemented,
  already_exists: Code.AlreadyExists,
  wrong_state: Code.FailedPrecondition,
  payload_too_large: Code.ResourceExhausted,
  unsupported_media_type: Code.InvalidArgument,
  range_not_satisfiable: Code.OutOfRange,
  quota_exceeded: Code.ResourceExhausted,
  canceled: Code.Canceled,
  internal: Code.Internal,
  data_loss: Code.DataLoss,
  unimplemented: Code.Unimplemented,
  unavailable: Code.Unavailable,
  capacity_exhausted: Code.ResourceExhausted,
  deadline_exceeded: Code.DeadlineExceeded,
} as const satisfies Record<ErrorCode, Code>

/** Platform code of a Connect code that came without an `ErrorInfo`: from the RPC library or the network */
export function errorCodeOf(code: Code): ErrorCode {
  switch (code) {
    case Code.InvalidArgument:
      return "invalid_argument"
    case Code.Unauthenticated:
      return "unauthenticated"
    case Code.PermissionDenied:
      return "permission_denied"
    case Code.NotFound:
      return "not_found"
    case Code.AlreadyExists:
      return "already_exists"
    case Code.FailedPrecondition:
      return "wrong_state"
    case Code.ResourceExhausted:
      return "capacity_exhausted"
    case Code.OutOfRange:
      return "range_not_satisfiable"
    case Code.Unimplemented:
      return "unimplemented"
    // The transport reports a connection that was cut as canceled, RST_STREAM's code for it; RFC 9113 §7.
    case Code.Canceled:
    case Code.Unavailable:
    case Code.Aborted:
      return "unavailable"
    case Code.DeadlineExceeded:
      return "deadline_exceeded"
    case Code.Internal:
    case Code.Unknown:
      return "internal"
    case Code.DataLoss:
      return "data_loss"
  }
}
