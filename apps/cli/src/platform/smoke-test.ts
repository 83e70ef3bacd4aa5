import { PlatformError } from "@thaw/model"
import { ThawClient } from "@thaw/sdk"

import { formatDuration } from "../output/format-duration.ts"
import type { Output } from "../output/output.ts"

/** What a first sandbox showed */
export interface SmokeTestResult {
  readonly sandbox_id: string
  /** What `uname -a` printed in it */
  readonly uname: string
  readonly create_ms: number
  /** From the request that creates it to the result of its first command */
  readonly create_to_first_exec_ms: number
}

const SANDBOX_TIMEOUT_SEC = 600
const EXEC_TIMEOUT_SEC = 60

/**
 * Creates a sandbox through the REST API, runs one command in it, and deletes it.
 *
 * @throws {PlatformError} saying that this is what failed, with the code of what did
 */
export async function runSmokeTest(
  access: { url: string; apiKey: string },
  output: Output,
  signal: AbortSignal,
): Promise<SmokeTestResult> {
  try {
    return await tryFirstSandbox(access, output, signal)
  } catch (thrown) {
    const { code, message } = PlatformError.from(thrown)
    throw new PlatformError(code, `the first sandbox failed: ${message}`, { cause: thrown })
  }
}

async function tryFirstSandbox(
  access: { url: string; apiKey: string },
  output: Output,
  signal: AbortSignal,
): Promise<SmokeTestResult> {
  const client = new ThawClient(access)
  const options = { signal }
  output.transient("… first sandbox")
  const startedAt = performance.now()
  const body = { timeout_sec: SANDBOX_TIMEOUT_SEC, metadata: { purpose: "smoke-test" } }
  const { id } = await client.createSandbox(body, options)
  // Not with the signal: also a smoke test that is broken off leaves no sandbox.
  await using _sandbox = { [Symbol.asyncDispose]: () => client.deleteSandbox(id) }
  const createMs = performance.now() - startedAt
  const result = await client.exec(id, { cmd: "uname", args: ["-a"], timeout_sec: EXEC_TIMEOUT_SEC }, options)
  const firstExecMs = performance.now() - startedAt
  output.transient("")
  if (result.exit_code !== 0)
    throw new PlatformError(
      "internal",
      `"uname -a" in ${id} exited with code ${result.exit_code}: ${result.stderr}`,
    )
  const uname = result.stdout.trimEnd()
  output.progress(
    `✓ first sandbox: ${id} answered "uname -a" ${formatDuration(firstExecMs)} after the request`,
  )
  output.progress(`  ${uname}`)
  return {
    sandbox_id: id,
    uname,
    create_ms: Math.round(createMs),
    create_to_first_exec_ms: Math.round(firstExecMs),
  }
}
