import { describe, expect, it } from "vitest"

import { CommandFailedError } from "./command-failed-error.ts"
import { runAttached } from "./run-attached.ts"

describe("runAttached()", () => {
  it("tells how the command ended", async () => {
    expect(await runAttached(["sh", "-c", "exit 7"])).toMatchObject({ exitCode: 7, signal: null })
    expect(await runAttached(["sh", "-c", "kill -9 $$"])).toMatchObject({ exitCode: null, signal: "SIGKILL" })
  })

  it("copies standard output, with more environment", async () => {
    const chunks: Buffer[] = []
    const env = { GREETING: "hello" }
    await runAttached(["sh", "-c", "echo $GREETING"], { env, onStdout: (chunk) => chunks.push(chunk) })
    expect(Buffer.concat(chunks).toString()).toBe("hello\n")
  })

  it("ends the command when told to", async () => {
    const stop = new AbortController()
    const running = runAttached(["sleep", "60"], { signal: stop.signal })
    stop.abort()
    expect(await running).toMatchObject({ signal: "SIGTERM" })
  })

  it("fails only when the command cannot be started", async () => {
    await expect(runAttached(["/nonexistent/program"])).rejects.toBeInstanceOf(CommandFailedError)
  })
})
