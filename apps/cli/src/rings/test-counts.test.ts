import { describe, expect, it } from "vitest"

import { withExitCode } from "./run-ring.ts"
import { addCounts, countCargoOutput, countVitestReport, formatCounts } from "./test-counts.ts"

const file = (status: string, ...tests: string[]) => ({
  status,
  name: "/x.test.ts",
  assertionResults: tests.map((test) => ({ status: test, title: "t" })),
})

function count(...testResults: unknown[]) {
  return countVitestReport(JSON.stringify({ success: true, numTotalTests: 0, testResults }))
}

describe("countVitestReport()", () => {
  it("sums the tests of every file", () => {
    expect(count(file("passed", "passed", "passed", "pending"), file("failed", "failed", "todo"))).toEqual({
      passed: 2,
      failed: 1,
      skipped: 2,
    })
  })

  it("counts a file that could not be loaded as one failure", () => {
    expect(count(file("failed"), file("passed", "passed"))).toEqual({ passed: 1, failed: 1, skipped: 0 })
  })

  it("refuses what is no report", () => {
    expect(() => countVitestReport("{}")).toThrow("success")
  })
})

describe("countCargoOutput()", () => {
  it("sums every program's line", () => {
    const text = [
      "running 3 tests",
      "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
      "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
    ].join("\n")
    expect(countCargoOutput(text)).toEqual({ passed: 4, failed: 2, skipped: 1 })
  })

  it("finds nothing in the output of a compiler", () => {
    expect(countCargoOutput("error: could not compile")).toEqual({ passed: 0, failed: 0, skipped: 0 })
  })
})

describe("withExitCode()", () => {
  it("makes one failure of a program that failed without a failed test", () => {
    const passed = { passed: 5, failed: 0, skipped: 0 }
    expect(withExitCode(passed, 1)).toEqual({ passed: 5, failed: 1, skipped: 0 })
    expect(withExitCode(passed, null)).toEqual({ passed: 5, failed: 1, skipped: 0 })
    expect(withExitCode(passed, 0)).toEqual(passed)
    expect(withExitCode({ ...passed, failed: 2 }, 1).failed).toBe(2)
  })
})

describe("formatCounts()", () => {
  it("names skipped tests only when there are any", () => {
    expect(formatCounts({ passed: 12, failed: 0, skipped: 0 })).toBe("12 passed, 0 failed")
    expect(formatCounts({ passed: 12, failed: 1, skipped: 3 })).toBe("12 passed, 1 failed, 3 skipped")
    expect(formatCounts(addCounts([]))).toBe("0 passed, 0 failed")
  })
})
