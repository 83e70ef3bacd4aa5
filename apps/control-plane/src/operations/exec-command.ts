import type { ExecOutput, ExecRequest, ExecResult } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import type { hostAgent } from "@thaw/rpc"

import type { Context } from "../context.ts"
import { RPC_TIMEOUTS_MS } from "../hosts/rpc-timeouts.ts"
import { findSandboxFor } from "./find-sandbox.ts"
import { toOutputText } from "./output-text.ts"

/**
 * Runs a command in a sandbox to its end.
 *
 * Raises `deadline_exceeded` with the output so far when the command did not end in time.
 */
export async function execCommand(
  context: Context,
  options: { readonly sandboxId: string; readonly request: ExecRequest; readonly signal: AbortSignal },
): Promise<ExecResult> {
  const { sandboxId, request, signal } = options
  await findSandboxFor(context, sandboxId, "exec")
  const timeoutMs = request.timeout_sec * 1000
  const response = await context.host.client.exec(
    {
      command: {
        sandboxId,
        cmd: request.cmd,
        args: request.args,
        envs: request.envs,
        cwd: request.cwd ?? "",
        user: request.user ?? "",
        timeoutMs,
      },
      stdin: Buffer.from(request.stdin ?? "", request.stdin_encoding === "base64" ? "base64" : "utf8"),
    },
    { timeoutMs: timeoutMs + RPC_TIMEOUTS_MS.execMargin, signal },
  )
  const output = toOutput(response)
  if (response.timedOut) {
    throw new PlatformError("deadline_exceeded", `the command did not end within ${request.timeout_sec} s`, {
      details: output,
    })
  }
  return { exit_code: response.exitCode, ...output }
}

function toOutput(response: hostAgent.ExecResponse): ExecOutput {
  const stdout = toOutputText(response.stdout)
  const stderr = toOutputText(response.stderr)
  const truncated = { stdout: response.stdoutTruncated, stderr: response.stderrTruncated }
  return {
    stdout: stdout.text,
    stderr: stderr.text,
    encoding: { stdout: stdout.encoding, stderr: stderr.encoding },
    duration_ms: Number(response.durationMs),
    ...(truncated.stdout || truncated.stderr ? { truncated } : {}),
  }
}
