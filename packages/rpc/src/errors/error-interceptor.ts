import type { Interceptor, StreamResponse } from "@connectrpc/connect"

import { toConnectError } from "./convert-error.ts"

export interface ServerErrorOptions {
  /** Told of every error before it is sent, to log it with its causes */
  readonly onError: (error: unknown, method: string) => void
}

/** For a service: errors leave as Connect errors with an `ErrorInfo` */
export function serverErrorInterceptor(options: ServerErrorOptions): Interceptor {
  return (next) => async (request) => {
    const convert = (thrown: unknown) => {
      options.onError(thrown, request.method.name)
      return toConnectError(thrown)
    }
    try {
      const response = await next(request)
      if (!response.stream) return response
      return { ...response, message: convertStream(response, convert) }
    } catch (error) {
      throw convert(error)
    }
  }
}

async function* convertStream(
  response: StreamResponse,
  convert: (thrown: unknown) => Error,
): StreamResponse["message"] {
  try {
    yield* response.message
  } catch (error) {
    throw convert(error)
  }
}
