import { setTimeout as sleep } from "node:timers/promises"

import { PlatformError } from "@thaw/model"

const POLL_MS = 100
const REQUEST_TIMEOUT_MS = 2_000

/**
 * Waits until the control plane says that it and the host agent can serve requests.
 *
 * @throws {PlatformError} `deadline_exceeded` after `timeoutMs`; whatever `signal` is aborted with
 */
export async function waitUntilReady(
  url: string,
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const deadline = performance.now() + options.timeoutMs
  let last = "no answer"
  while (performance.now() < deadline) {
    options.signal.throwIfAborted()
    const answer = await askReadiness(url, options.signal)
    if (answer === "ready") return
    last = answer
    await sleep(POLL_MS)
  }
  const message = `the platform was not ready within ${options.timeoutMs / 1000} s (${last})`
  throw new PlatformError("deadline_exceeded", message)
}

async function askReadiness(url: string, signal: AbortSignal): Promise<string> {
  try {
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.any([signal, timeout]) })
    const body = await response.text()
    return response.status === 200 ? "ready" : `/readyz answered ${response.status} ${body.slice(0, 200)}`
  } catch {
    signal.throwIfAborted()
    return "no answer"
  }
}
