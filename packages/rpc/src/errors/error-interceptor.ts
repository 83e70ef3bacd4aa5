import type { Interceptor, StreamResponse } from "@connectrpc/connect"

import { fromConnectError, toConnectError } from "./convert-error.ts"

export interface ServerErrorOptions {
  /** Told of every error before it is sent, to log it with its causes */
  readonly onError: (error: unknown, method: string) => void
}

/** For a service: errors leave as Connect errors with an `ErrorInfo` */
export function serverErrorInterceptor(options: ServerErrorOptions): Interceptor {
  return convertingInterceptor((thrown, method) => {
    options.onError(thrown, method)
    return toConnectError(thrown)
  })
}

/** For a client: calls throw `PlatformError` */
export function clientErrorInterceptor(): Interceptor {
  return convertingInterceptor(fromConnectError)
}

function convertingInterceptor(convert: (thrown: unknown, method: string) => Error): Interceptor {
  return (next) => async (request) => {
    try {
      const response = await next(request)
      if (!response.stream) return response
      return {
        ...response,
        message: convertStream(response, (thrown) => convert(thrown, request.method.name)),
      }
    } catch (error) {
      throw convert(error, request.method.name)
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
