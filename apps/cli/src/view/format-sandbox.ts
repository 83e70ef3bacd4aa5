import type { SandboxBody } from "@thaw/api"

import { formatTable } from "../output/format-table.ts"
import { formatPause, formatPauseSteps } from "./format-pause.ts"

/** Shows all there is of one sandbox */
export function formatSandbox(sandbox: SandboxBody): string {
  const { pause, metadata, ...plain } = sandbox
  const rows = Object.entries(plain).map(([name, value]) => [name, String(value)])
  rows.push(["metadata", JSON.stringify(metadata)])
  if (pause !== undefined) {
    rows.push(["last pause", `${pause.at}: ${formatPause(pause)}`])
    if (pause.steps.length > 0) rows.push(["its steps", formatPauseSteps(pause)])
  }
  return formatTable(rows)
}
