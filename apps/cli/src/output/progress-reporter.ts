import { formatDuration } from "./format-duration.ts"
import type { Output } from "./output.ts"

/** One change of a step of a longer operation */
export interface StepEvent {
  readonly step: string
  readonly state: "skipped" | "started" | "progress" | "done" | "failed"
  readonly message?: string
  readonly durationMs?: number
}

const MARKS = { skipped: "·", done: "✓", failed: "✗" } as const

/** Formats the end of a step: `✓ kernel (12.3 s)` */
export function formatStepEnd(event: StepEvent & { state: "skipped" | "done" | "failed" }): string {
  const time = event.durationMs === undefined ? "" : ` (${formatDuration(event.durationMs)})`
  const message = event.message === undefined || event.message === "" ? "" : `: ${event.message}`
  const skipped = event.state === "skipped" && message === "" ? ": already done" : message
  return `${MARKS[event.state]} ${event.step}${skipped}${time}`
}

/** Shows the steps of an operation as they come; what is under way is shown on a terminal only */
export function reportStep(output: Output, event: StepEvent): void {
  switch (event.state) {
    case "started":
      output.transient(`… ${event.step}`)
      break
    case "progress":
      output.transient(`… ${event.step}${event.message === undefined ? "" : `: ${event.message}`}`)
      break
    case "skipped":
    case "done":
    case "failed":
      output.transient("")
      output.progress(formatStepEnd({ ...event, state: event.state }))
      break
  }
}
