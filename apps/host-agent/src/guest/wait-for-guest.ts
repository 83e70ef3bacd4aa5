import { setTimeout as sleep } from "node:timers/promises"

import { PlatformError } from "@thaw/model"

import type { GuestClient } from "./guest-client.ts"
import type { ConfigureRequest } from "./protocol/request.ts"

const RETRY_MS = 20
/** A guest that may have taken longer to set its clock is told once more: it has in memory by then what it needs to be quick */
const CLOCK_LAG_MS_MAX = 30
/** On a machine too busy for that, the clock is as good as it gets */
const CONFIGURE_COUNT_MAX = 6

export interface ConfigureOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Configures a guest that is still booting, or has just been restored: tries until its agent answers, and until its clock is right.
 *
 * @param makeRequest Called for each try, so that the wall clock is fresh
 * @throws {PlatformError} `deadline_exceeded` after `timeoutMs`; at once what a reached agent answers
 */
export async function configureWhenReady(
  guest: Pick<GuestClient, "configure">,
  makeRequest: () => ConfigureRequest,
  options: ConfigureOptions,
): Promise<void> {
  let configured = await configureOnceReady(guest, makeRequest, options)
  for (let count = 1; count < CONFIGURE_COUNT_MAX && configured.clockLagMsMax > CLOCK_LAG_MS_MAX; count++) {
    try {
      configured = await configured.guest.configure(makeRequest, options.signal)
    } catch {
      // It has confirmed already; this was for the clock alone.
      options.signal.throwIfAborted()
      return
    }
  }
}

async function configureOnceReady(
  guest: Pick<GuestClient, "configure">,
  makeRequest: () => ConfigureRequest,
  { timeoutMs, signal }: ConfigureOptions,
): ReturnType<GuestClient["configure"]> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return await guest.configure(makeRequest, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof PlatformError) || error.code !== "unavailable") throw error
      if (performance.now() > deadline) {
        const message = `the sandbox did not boot within ${timeoutMs} ms`
        throw new PlatformError("deadline_exceeded", message, { cause: error })
      }
    }
    await sleep(RETRY_MS, undefined, { signal })
  }
}
