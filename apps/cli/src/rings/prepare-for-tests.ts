import { platformPaths } from "../platform/platform-paths.ts"
import { prepareThisHost } from "../platform/prepare-this-host.ts"
import type { Output } from "../output/output.ts"
import { reportStep } from "../output/progress-reporter.ts"
import { installTestPackages } from "./install-test-packages.ts"

/** Makes what the tests share: packages, kernel, guest agent and base template */
export async function prepareForTests(output: Output, dataDir: string, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now()
  const installed = await installTestPackages(signal)
  if (installed.length > 0) {
    const durationMs = performance.now() - startedAt
    reportStep(output, { step: "test packages", state: "done", message: installed.join(", "), durationMs })
  }
  await prepareThisHost({ output, paths: platformPaths(dataDir) }, { signal })
}
