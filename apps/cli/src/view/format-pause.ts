import type { PauseReportBody } from "@thaw/api"

import { formatBytes } from "../output/format-bytes.ts"
import { formatDuration } from "../output/format-duration.ts"

/** Sums up a pause for a person in one line */
export function formatPause(pause: PauseReportBody): string {
  return [
    `generation ${pause.generation}`,
    `stopped the guest for ${formatDuration(pause.stop_ms)}`,
    `on disk after ${formatDuration(pause.durable_ms)}`,
    `${formatBytes(pause.bytes_written)} written`,
  ].join(", ")
}

/** The steps of a pause for a person: `freeze 2 ms, state 3 ms` */
export function formatPauseSteps(pause: PauseReportBody): string {
  return pause.steps.map((step) => `${step.name} ${formatDuration(step.duration_ms)}`).join(", ")
}
