import type { StreamResponse, Transport } from "@connectrpc/connect"

import { fromConnectError } from "./convert-error.ts"

/**
 * Lets the calls of a transport throw `PlatformError`.
 *
 * An interceptor cannot: the transport turns whatever its interceptors throw into a `ConnectError` again.
 */
export function platformErrorTransport(transport: Transport): Transport {
  return {
    async unary(...call) {
      try {
        return await transport.unary(...call)
      } catch (error) {
        throw fromConnectError(error)
      }
    },
    async stream(...call) {
      try {
        const response = await transport.stream(...call)
        return { ...response, message: convertErrors(response.message) } as typeof response
      } catch (error) {
        throw fromConnectError(error)
      }
    },
  }
}

async function* convertErrors(messages: StreamResponse["message"]): StreamResponse["message"] {
  try {
    yield* messages
  } catch (error) {
    throw fromConnectError(error)
  }
}
