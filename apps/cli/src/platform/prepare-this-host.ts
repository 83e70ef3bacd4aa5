import { hostPaths, prepareHost } from "@thaw/host-agent"

import type { CliContext } from "../cli-context.ts"
import { reportStep } from "../output/progress-reporter.ts"
import { SOURCE_DIR } from "../source-dir.ts"

/** Installs and builds what a data directory needs to run sandboxes, showing each step */
export async function prepareThisHost(
  context: Pick<CliContext, "paths" | "output">,
  options: { signal: AbortSignal },
): Promise<void> {
  await prepareHost({
    paths: hostPaths(context.paths.dataDir),
    sourceDir: SOURCE_DIR,
    onProgress: (event) => reportStep(context.output, event),
    signal: options.signal,
  })
}
