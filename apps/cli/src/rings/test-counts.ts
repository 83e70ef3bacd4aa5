import { z } from "zod"

export interface TestCounts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const NO_TESTS: TestCounts = { passed: 0, failed: 0, skipped: 0 }
export const ONE_PASSED: TestCounts = { ...NO_TESTS, passed: 1 }
export const ONE_FAILED: TestCounts = { ...NO_TESTS, failed: 1 }

export function addCounts(counts: readonly TestCounts[]): TestCounts {
  const sum = (key: keyof TestCounts) => counts.reduce((total, count) => total + count[key], 0)
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") }
}

/** Formats counts: `12 passed, 0 failed`, and `, 3 skipped` when there are any */
export function formatCounts({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`
}

/** The parts of vitest's JSON report that are counted */
const Report = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) }),
  ),
})

/**
 * Counts the tests of a report of vitest. A file that failed although none of its tests did, as one that cannot be loaded, counts as
 * one failed test.
 *
 * @throws {Error} when the text is no report
 */
export function countVitestReport(text: string): TestCounts {
  const report = Report.parse(JSON.parse(text))
  return addCounts(report.testResults.map((file) => countFile(file)))
}

function countFile(file: z.infer<typeof Report>["testResults"][number]): TestCounts {
  const statuses = file.assertionResults.map(({ status }) => status)
  const passed = statuses.filter((status) => status === "passed").length
  const failedTests = statuses.filter((status) => status === "failed").length
  const failed = file.status === "failed" ? Math.max(1, failedTests) : failedTests
  return { passed, failed, skipped: statuses.length - passed - failedTests }
}

const CARGO_RESULT = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm

/** Counts the tests that `cargo test` says it ran: it prints one line for each program it tests */
export function countCargoOutput(text: string): TestCounts {
  return addCounts(
    Array.from(text.matchAll(CARGO_RESULT), ([, passed, failed, ignored]) => ({
      passed: Number(passed),
      failed: Number(failed),
      skipped: Number(ignored),
    })),
  )
}
