import { join } from "node:path"

import { PlatformError } from "@thaw/model"
import type { Command } from "commander"

import { openContext, type CliContext, type CliEnvironment } from "../cli-context.ts"
import { EXIT_CODES } from "../exit-code.ts"
import { formatDuration } from "../output/format-duration.ts"
import { reportStep } from "../output/progress-reporter.ts"
import type { SetExitCode } from "../program.ts"
import { RINGS, parseRings, type Ring } from "../rings/ring.ts"
import type { RingResult } from "../rings/run-ring.ts"
import { ONE_FAILED, addCounts, formatCounts } from "../rings/test-counts.ts"
import { SOURCE_DIR } from "../source-dir.ts"

/** Rings that need what `thaw up` makes: more Debian packages, a kernel, the guest agent, the base template */
const HOST_RINGS: ReadonlySet<Ring> = new Set(["native", "integration", "vm"])

/** A Ctrl-C of the terminal reaches every program of a ring, and this one, by itself */
const NEVER_ABORTED = new AbortController().signal

export function addTestCommand(
  program: Command,
  environment: CliEnvironment,
  setExitCode: SetExitCode,
): void {
  program
    .command("test [rings...]")
    .usage("[options] [rings...] [-- vitest arguments...]")
    .description(
      `run tests: all of ${RINGS.join(", ")}, or those named; each check of the ring "check" counts as one test`,
    )
    .action(async (words: string[], _options: unknown, command: Command) => {
      const allPassed = await test(openContext(command, environment), words)
      if (!allPassed) setExitCode(EXIT_CODES.failure)
    })
}

async function test(context: CliContext, words: readonly string[]): Promise<boolean> {
  const { rings, unknown } = parseRings(words)
  if (unknown !== undefined) {
    throw new PlatformError(
      "invalid_argument",
      `"${unknown}" is not a ring; the rings are ${RINGS.join(", ")}`,
    )
  }
  const results: RingResult[] = []
  for (const ring of rings) {
    const result = await runPreparedRing(context, ring)
    results.push(result)
    context.output.progress(formatRingEnd(result))
  }
  const counts = addCounts(results.map((result) => result.counts))
  context.output.result({ rings: results, ...counts }, `${formatCounts(counts)}\n`)
  return counts.failed === 0
}

/** A ring whose preparation fails has one failed test, and the others go on */
async function runPreparedRing(context: CliContext, ring: Ring): Promise<RingResult> {
  const cacheDir = join(SOURCE_DIR, ".cache")
  context.output.progress(`── ${ring}`)
  const startedAt = performance.now()
  const { prepareHostForTests, preparePackages } = await import("../rings/prepare-for-tests.ts")
  try {
    await preparePackages(context.output, NEVER_ABORTED)
    if (HOST_RINGS.has(ring)) {
      await prepareHostForTests(context.output, join(cacheDir, "thaw"), NEVER_ABORTED)
    }
  } catch (error) {
    context.output.error(error)
    return { ring, counts: ONE_FAILED, duration_ms: Math.round(performance.now() - startedAt) }
  }
  const { runRing } = await import("../rings/run-ring.ts")
  return await runRing(ring, {
    sourceDir: SOURCE_DIR,
    cacheDir,
    extraArgs: context.wordsAfterDashes,
    path: context.config.path,
    stdoutToStderr: context.output.json,
    onStep: (event) => reportStep(context.output, event),
  })
}

function formatRingEnd(result: RingResult): string {
  const mark = result.counts.failed === 0 ? "✓" : "✗"
  return `${mark} ${result.ring}: ${formatCounts(result.counts)} (${formatDuration(result.duration_ms)})`
}
