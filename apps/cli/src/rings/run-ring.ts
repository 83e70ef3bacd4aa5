import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { runAttached } from "@thaw/linux"

import type { StepEvent } from "../output/progress-reporter.ts"
import { planRing, type RingPlanOptions, type RingStep } from "./plan-ring.ts"
import type { Ring } from "./ring.ts"
import {
  ONE_FAILED,
  ONE_PASSED,
  addCounts,
  countCargoOutput,
  countVitestReport,
  type TestCounts,
} from "./test-counts.ts"

export interface RingResult {
  readonly ring: Ring
  readonly counts: TestCounts
  readonly duration_ms: number
}

export interface RunRingOptions extends Omit<RingPlanOptions, "reportPath"> {
  /** Keeps standard output free for a result */
  readonly stdoutToStderr: boolean
  /** Called before and after each program of a ring that has several */
  readonly onStep: (event: StepEvent) => void
}

/** Runs one ring to its end, its output going where this process's goes */
export async function runRing(ring: Ring, options: RunRingOptions): Promise<RingResult> {
  const startedAt = performance.now()
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "thaw-test-"))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  const reportPath = join(directory, "report.json")
  const steps = planRing(ring, { ...options, reportPath })
  const counts: TestCounts[] = []
  const onStep = steps.length > 1 ? options.onStep : () => undefined
  for (const step of steps) {
    const stepStartedAt = performance.now()
    onStep({ step: step.name, state: "started" })
    const count = await runStep(step, reportPath, options)
    const state = count.failed === 0 ? "done" : "failed"
    onStep({ step: step.name, state, durationMs: performance.now() - stepStartedAt })
    counts.push(count)
  }
  return { ring, counts: addCounts(counts), duration_ms: Math.round(performance.now() - startedAt) }
}

async function runStep(step: RingStep, reportPath: string, options: RunRingOptions): Promise<TestCounts> {
  const printed: Buffer[] = []
  const { exitCode } = await runAttached(step.argv, {
    cwd: options.sourceDir,
    env: step.env,
    stdoutToStderr: options.stdoutToStderr,
    ...(step.counted === "cargo" ? { onStdout: (chunk: Buffer) => printed.push(chunk) } : {}),
  })
  switch (step.counted) {
    case "exit-code":
      return exitCode === 0 ? ONE_PASSED : ONE_FAILED
    case "vitest":
      return withExitCode(await readReport(reportPath), exitCode)
    case "cargo":
      return withExitCode(countCargoOutput(Buffer.concat(printed).toString()), exitCode)
  }
}

/** A program that failed although no test did, as at a compile error or an unhandled rejection, counts as one failed test */
export function withExitCode(counts: TestCounts, exitCode: number | null): TestCounts {
  return exitCode === 0 || counts.failed > 0 ? counts : { ...counts, failed: 1 }
}

/** A vitest that ended before it wrote its report has failed; its exit code says so */
async function readReport(path: string): Promise<TestCounts> {
  try {
    return countVitestReport(await readFile(path, "utf8"))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return ONE_FAILED
    throw error
  }
}
