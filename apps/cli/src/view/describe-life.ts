import type { SandboxBody } from "@thaw/api"

import { formatDuration } from "../output/format-duration.ts"

/** What there is to say about how a sandbox came to its status, or what comes next: `pauses in 4 min 5 s` */
export function describeLife(sandbox: SandboxBody, nowMs: number): string {
  const { status, pause, expires_at: expiresAt } = sandbox
  if (sandbox.reason !== undefined) return sandbox.reason
  if (status === "paused" && pause !== undefined) {
    const agoMs = Math.max(0, nowMs - Date.parse(pause.at))
    return `paused ${formatDuration(agoMs)} ago, generation ${pause.generation}`
  }
  if (status === "running" && expiresAt !== undefined) {
    const leftMs = Math.max(0, Date.parse(expiresAt) - nowMs)
    return `${sandbox.on_timeout === "pause" ? "pauses" : "ends"} in ${formatDuration(leftMs)}`
  }
  return ""
}
