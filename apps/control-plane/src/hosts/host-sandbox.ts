import { toSandboxStatus, type SandboxStatus } from "@thaw/model"
import type { hostAgent } from "@thaw/rpc"

/** A sandbox as its host reports it */
export interface HostSandbox {
  readonly id: string
  readonly status: SandboxStatus
  readonly reason: string | undefined
  readonly expiresAt: Date | undefined
}

/** Reads a report of a host; undefined when it makes no sense */
export function toHostSandbox(message: hostAgent.Sandbox): HostSandbox | undefined {
  const status = toSandboxStatus(message.status)
  if (message.spec === undefined || status === undefined) return undefined
  return {
    id: message.spec.sandboxId,
    status,
    reason: message.reason === "" ? undefined : message.reason,
    expiresAt: toExpiry(message.expiresAtMs),
  }
}

/** Turns the wire's expiry, of which 0 means never, into a time */
export function toExpiry(expiresAtMs: bigint): Date | undefined {
  return expiresAtMs === 0n ? undefined : new Date(Number(expiresAtMs))
}
