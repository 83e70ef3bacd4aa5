import { platformPaths } from "../platform/platform-paths.ts"
import { prepareThisHost } from "../platform/prepare-this-host.ts"
import type { Output } from "../output/output.ts"
import { reportStep } from "../output/progress-reporter.ts"
import { installTestPackages } from "./install-test-packages.ts"

/** Makes what all rings share: Debian packages, where this process may install them */
export async function preparePackages(output: Output, signal: AbortSignal): Promise<void> {
  if (process.getuid?.() !== 0) return
  const startedAt = performance.now()
  const installed = await installTestPackages(signal)
  if (installed.length > 0) {
    const durationMs = performance.now() - startedAt
    reportStep(output, { step: "test packages", state: "done", message: installed.join(", "), durationMs })
  }
}

/** Makes what tests of the host share: kernel, guest agent and base template */
export async function prepareHostForTests(
  output: Output,
  dataDir: string,
  signal: AbortSignal,
): Promise<void> {
  await prepareThisHost({ output, paths: platformPaths(dataDir) }, { signal })
}
