import type { PauseReportBody } from "@thaw/api"
import { toOnTimeout, toSandboxStatus, type OnTimeout, type SandboxStatus } from "@thaw/model"
import type { hostAgent } from "@thaw/rpc"

/** A sandbox as its host reports it */
export interface HostSandbox {
  readonly id: string
  readonly status: SandboxStatus
  readonly reason: string | undefined
  /** By the host's clock, when the status began */
  readonly changedAt: Date
  readonly timeoutSec: number
  readonly onTimeout: OnTimeout
  /** Undefined: never */
  readonly expiresAt: Date | undefined
  /** The last pause; undefined until there was one */
  readonly pause: PauseReportBody | undefined
}

/** Reads a report of a host; undefined when it makes no sense */
export function toHostSandbox(message: hostAgent.Sandbox): HostSandbox | undefined {
  const { spec, pause } = message
  const status = toSandboxStatus(message.status)
  const onTimeout = spec?.onTimeout === "" ? "destroy" : toOnTimeout(spec?.onTimeout ?? "")
  if (spec === undefined || status === undefined || onTimeout === undefined) return undefined
  const changedAt = new Date(Number(message.changedAtMs))
  return {
    id: spec.sandboxId,
    status,
    reason: message.reason === "" ? undefined : message.reason,
    changedAt,
    timeoutSec: spec.timeoutSec,
    onTimeout,
    expiresAt: message.expiresAtMs === 0n ? undefined : new Date(Number(message.expiresAtMs)),
    pause: pause === undefined ? undefined : toPauseReport(pause, changedAt),
  }
}

/** @param at When the sandbox became what the report came with: that it is paused, unless it is an old one */
function toPauseReport(report: hostAgent.PauseReport, at: Date): PauseReportBody {
  return {
    generation: report.generation,
    stop_ms: report.stopMs,
    durable_ms: report.durableMs,
    bytes_written: Number(report.bytesWritten),
    at: at.toISOString(),
    steps: report.steps.map(({ name, durationMs }) => ({ name, duration_ms: durationMs })),
  }
}
