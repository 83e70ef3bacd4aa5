import { describe, expect, it } from "vitest"

import { CommandFailedError } from "./command-failed-error.ts"
import { run } from "./run.ts"

const TIMEOUT_MS = 10_000

async function failureOf(work: Promise<unknown>): Promise<CommandFailedError> {
  const error = await work.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(CommandFailedError)
  return error as CommandFailedError
}

describe("run()", () => {
  it("gives output, and passes input and environment", async () => {
    const argv = ["sh", "-c", "cat; echo $A; echo err >&2"] as const
    const result = await run(argv, { timeoutMs: TIMEOUT_MS, input: "in\n", env: { A: "a" } })
    expect(result).toMatchObject({ stdout: "in\na\n", stderr: "err\n" })
  })

  it("explains a failure", async () => {
    const error = await failureOf(run(["sh", "-c", "echo why >&2; exit 3"], { timeoutMs: TIMEOUT_MS }))
    expect(error).toMatchObject({ exitCode: 3, timedOut: false, stderr: "why\n" })
    expect(error.message).toBe('command "sh -c echo why >&2; exit 3" exited with code 3: why')
  })

  it("names a program that is not there", async () => {
    const error = await failureOf(run(["no-such-program"], { timeoutMs: TIMEOUT_MS }))
    expect(error.message).toContain("could not be started")
  })

  it("ends a command at its deadline, one that ignores SIGTERM too", async () => {
    const argv = ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"] as const
    const error = await failureOf(run(argv, { timeoutMs: 200 }))
    expect(error).toMatchObject({ timedOut: true, signal: "SIGKILL" })
  })

  it("ends a command that is aborted", async () => {
    const error = await failureOf(
      run(["sleep", "100"], { timeoutMs: TIMEOUT_MS, signal: AbortSignal.timeout(50) }),
    )
    expect(error).toMatchObject({ aborted: true, signal: "SIGTERM" })
  })

  it("ends a command that writes too much, and keeps no more than allowed", async () => {
    const error = await failureOf(run(["yes"], { timeoutMs: TIMEOUT_MS, maxOutputBytes: 100_000 }))
    expect(error.tooMuchOutput).toBe(true)
    expect(error.stdout.length).toBeLessThanOrEqual(100_000)
  })

  it("does not mind a command that leaves its input unread", async () => {
    await expect(
      run(["true"], { timeoutMs: TIMEOUT_MS, input: "x".repeat(1_000_000) }),
    ).resolves.toMatchObject({ stdout: "" })
  })
})
