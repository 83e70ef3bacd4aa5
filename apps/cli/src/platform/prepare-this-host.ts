import { hostPaths, prepareHost, type SetupProgress } from "@thaw/host-agent"

import type { CliContext } from "../cli-context.ts"
import { reportStep, type StepEvent } from "../output/progress-reporter.ts"
import { SOURCE_DIR } from "../source-dir.ts"

/** Installs and builds what a data directory needs to run sandboxes, showing each step */
export async function prepareThisHost(
  context: Pick<CliContext, "paths" | "output">,
  options: { signal: AbortSignal },
): Promise<void> {
  await prepareHost({
    paths: hostPaths(context.paths.dataDir),
    sourceDir: SOURCE_DIR,
    onProgress: (event) => reportStep(context.output, withoutReason(event)),
    signal: options.signal,
  })
}

/** The reason of a failure is thrown as well, and shown where that is caught */
function withoutReason(event: SetupProgress): StepEvent {
  if (event.state !== "failed") return event
  const { step, state, durationMs } = event
  return { step, state, ...(durationMs === undefined ? {} : { durationMs }) }
}
