import { createHash, timingSafeEqual } from "node:crypto"

import type { Interceptor } from "@connectrpc/connect"
import { PlatformError } from "@thaw/model"

/** Lets only calls through that carry the host agent's bearer token */
export function authInterceptor(token: string): Interceptor {
  const expected = digest(`Bearer ${token}`)
  return (next) => async (request) => {
    const given = request.header.get("authorization") ?? ""
    if (!timingSafeEqual(digest(given), expected)) {
      throw new PlatformError("unauthenticated", "the host agent needs its bearer token")
    }
    return await next(request)
  }
}

/** Equal lengths, so that the comparison tells nothing of the token's */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest()
}
