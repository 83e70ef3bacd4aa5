import {
  LIMITS,
  PlatformError,
  parseSandboxId,
  parseTemplateName,
  toOnTimeout,
  type HostCapacity,
  type OnTimeout,
  type SandboxId,
  type TemplateName,
} from "@thaw/model"

/** What a sandbox is asked to be */
export interface SandboxSpec {
  readonly id: SandboxId
  readonly template: TemplateName
  readonly vcpus: number
  readonly memoryMib: number
  /** Without activity; 0: no limit */
  readonly timeoutSec: number
  readonly onTimeout: OnTimeout
}

/** A spec as it comes over RPC */
export interface RawSandboxSpec {
  readonly sandboxId: string
  readonly template: string
  readonly vcpus: number
  readonly memoryMib: number
  readonly timeoutSec: number
  /** Empty: destroy */
  readonly onTimeout: string
}

/** Narrows a spec to one that this host can carry out. Raises `invalid_argument` naming the field. */
export function parseSandboxSpec(raw: RawSandboxSpec, capacity: HostCapacity): SandboxSpec {
  requireRange("vcpus", raw.vcpus, LIMITS.vcpusMin, capacity.vcpusMax)
  requireRange("memory_mib", raw.memoryMib, LIMITS.memoryMibMin, capacity.memoryMibMax)
  requireTimeout(raw.timeoutSec)
  return {
    id: parseSandboxId(raw.sandboxId),
    template: parseTemplateName(raw.template),
    vcpus: raw.vcpus,
    memoryMib: raw.memoryMib,
    timeoutSec: raw.timeoutSec,
    onTimeout: raw.onTimeout === "" ? "destroy" : parseOnTimeout(raw.onTimeout),
  }
}

/** Narrows what becomes of a sandbox at its timeout. Raises `invalid_argument`. */
export function parseOnTimeout(text: string): OnTimeout {
  const onTimeout = toOnTimeout(text)
  if (onTimeout !== undefined) return onTimeout
  throw new PlatformError(
    "invalid_argument",
    `on_timeout must be "destroy" or "pause", got "${text.slice(0, 64)}"`,
  )
}

/** Raises `invalid_argument` for a timeout that no sandbox may have */
export function requireTimeout(timeoutSec: number): void {
  requireRange("timeout_sec", timeoutSec, 0, LIMITS.timeoutSecMax)
}

function requireRange(field: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return
  throw new PlatformError(
    "invalid_argument",
    `${field} must be ${min} to ${max} on this host, got ${value}`,
    {
      details: { field, min, max, value },
    },
  )
}

/** Whether a repeated create asks for the same sandbox */
export function isSameSpec(one: SandboxSpec, other: SandboxSpec): boolean {
  return (
    one.id === other.id &&
    one.template === other.template &&
    one.vcpus === other.vcpus &&
    one.memoryMib === other.memoryMib &&
    one.timeoutSec === other.timeoutSec &&
    one.onTimeout === other.onTimeout
  )
}
