import { ConnectError } from "@connectrpc/connect"
import { PlatformError, toErrorCode, type ErrorDetails } from "@thaw/model"

import { ErrorInfoSchema } from "../gen/host_agent_pb.ts"
import { RPC_CODE, errorCodeOf } from "./rpc-code.ts"

/**
 * What a service sends for anything thrown in it: the platform's code and details as an `ErrorInfo`.
 *
 * An unknown error becomes `internal` and its text stays here.
 */
export function toConnectError(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return thrown
  const error = PlatformError.from(thrown)
  const info = {
    code: error.code,
    detailsJson: error.details === undefined ? "" : JSON.stringify(error.details),
  }
  return new ConnectError(
    error.message,
    RPC_CODE[error.code],
    undefined,
    [{ desc: ErrorInfoSchema, value: info }],
    thrown,
  )
}

/** What a client throws for a failed call. The text of an error that no service of ours made is kept for the log only. */
export function fromConnectError(thrown: unknown): PlatformError {
  if (thrown instanceof PlatformError) return thrown
  const error = ConnectError.from(thrown)
  const [info] = error.findDetails(ErrorInfoSchema)
  const code = info === undefined ? undefined : toErrorCode(info.code)
  if (info !== undefined && code !== undefined) {
    const details = info.detailsJson === "" ? undefined : (JSON.parse(info.detailsJson) as ErrorDetails)
    return new PlatformError(code, error.rawMessage, {
      cause: thrown,
      ...(details === undefined ? {} : { details }),
    })
  }
  const transportCode = errorCodeOf(error.code)
  return new PlatformError(transportCode, `call to the host agent failed (${transportCode})`, {
    cause: thrown,
    internal: error.rawMessage,
  })
}
