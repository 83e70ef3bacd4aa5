import { setTimeout as sleep } from "node:timers/promises"

import { PlatformError } from "@thaw/model"

import type { GuestClient } from "./guest-client.ts"
import type { ConfigureRequest } from "./protocol/request.ts"

const RETRY_MS = 20

/**
 * Configures a guest that is still booting: tries until its agent answers.
 *
 * @param makeRequest Called for each try, so that the wall clock is fresh
 * @throws {PlatformError} `deadline_exceeded` after `timeoutMs`; at once what a reached agent answers
 */
export async function configureWhenReady(
  guest: GuestClient,
  makeRequest: () => ConfigureRequest,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const deadline = performance.now() + options.timeoutMs
  for (;;) {
    try {
      await guest.configure(makeRequest(), options.signal)
      return
    } catch (error) {
      options.signal.throwIfAborted()
      if (!(error instanceof PlatformError) || error.code !== "unavailable") throw error
      if (performance.now() > deadline) {
        throw new PlatformError(
          "deadline_exceeded",
          `the sandbox did not boot within ${options.timeoutMs} ms`,
          {
            cause: error,
          },
        )
      }
    }
    await sleep(RETRY_MS, undefined, { signal: options.signal })
  }
}
