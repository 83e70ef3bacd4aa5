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

/** How a line begins that tells what is under way, and that the next one takes the place of */
const UNDER_WAY = "… "

/** Shows the steps of an operation as they come; how far one has come is shown on a terminal only */
export function reportStep(output: Output, event: StepEvent): void {
  switch (event.state) {
    case "started":
      showStarted(output, `${UNDER_WAY}${event.step}`)
      break
    case "progress":
      output.transient(`${UNDER_WAY}${event.step}${event.message === undefined ? "" : `: ${event.message}`}`)
      break
    case "skipped":
    case "done":
    case "failed":
      output.transient("")
      output.progress(formatStepEnd({ ...event, state: event.state }))
      break
  }
}

/** Shows lines that another process has reported its steps with */
export function relaySteps(output: Output, text: string): void {
  for (const line of text.split("\n")) {
    if (line === "") continue
    output.transient("")
    if (line.startsWith(UNDER_WAY)) showStarted(output, line)
    else output.progress(line)
  }
}

/** A step may take minutes: something is shown of it where nothing can be shown in place, too */
function showStarted(output: Output, line: string): void {
  if (output.isWatched) output.transient(line)
  else output.progress(line)
}
