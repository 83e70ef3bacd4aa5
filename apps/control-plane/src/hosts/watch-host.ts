import { setTimeout as sleep } from "node:timers/promises"

import type { Logger } from "../logger.ts"
import { toHostSandbox, type HostSandbox } from "./host-sandbox.ts"
import type { Host } from "./host.ts"
import { RPC_TIMEOUTS_MS } from "./rpc-timeouts.ts"

const BACKOFF_MS_MIN = 100
const BACKOFF_MS_MAX = 5_000

export interface HostWatcher {
  /** The host agent answers; every sandbox of the host is going to be told */
  onConnected(): void
  /** The stream is up and every sandbox of the host has been told */
  onSynced(): void
  onChange(sandbox: HostSandbox): void
}

/** Follows the sandboxes of a host until `signal` is aborted; connects again, with growing pauses, when the host agent is not there */
export async function watchHost(
  host: Host,
  watcher: HostWatcher,
  options: { readonly signal: AbortSignal; readonly log: Logger },
): Promise<void> {
  const { signal, log } = options
  let backoffMs = BACKOFF_MS_MIN
  while (!signal.aborted) {
    try {
      host.info = await host.client.getHost({}, { signal, timeoutMs: RPC_TIMEOUTS_MS.getHost })
      watcher.onConnected()
      for await (const { event } of host.client.watchSandboxes({}, { signal })) {
        if (event.case === "synced") {
          log.info({ host: host.id }, "the host agent is connected")
          backoffMs = BACKOFF_MS_MIN
          watcher.onSynced()
        } else if (event.case === "sandbox") {
          const sandbox = toHostSandbox(event.value)
          if (sandbox !== undefined) watcher.onChange(sandbox)
        }
      }
      log.warn({ host: host.id }, "the host agent ended the watch")
    } catch (error) {
      if (signal.aborted) return
      // Said once per outage: the pauses grow from the first failure on.
      if (backoffMs === BACKOFF_MS_MIN) log.warn({ err: error, host: host.id }, "the host agent is not there")
    }
    await sleep(backoffMs, undefined, { signal }).catch(ignoreAbort)
    backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX)
  }
}

function ignoreAbort(error: Error): void {
  if (error.name !== "AbortError") throw error
}
