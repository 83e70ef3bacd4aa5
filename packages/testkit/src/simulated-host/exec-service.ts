import { create } from "@bufbuild/protobuf"
import type { ServiceImpl } from "@connectrpc/connect"
import { LIMITS, PlatformError } from "@thaw/model"
import { type HostAgentService, hostAgent } from "@thaw/rpc"

import type { Injections } from "./injections.ts"
import { SimulatedExec, type Exit } from "./simulated-exec.ts"
import type { SimulatedSandboxes } from "./simulated-sandboxes.ts"

type ExecService = Pick<ServiceImpl<typeof HostAgentService>, "exec" | "execStream">

export interface ExecServiceOptions {
  readonly sandboxes: SimulatedSandboxes
  readonly injections: Injections
  /** Every command is added here */
  readonly execs: SimulatedExec[]
}

/** Exec and ExecStream of the simulated host agent */
export function execService(options: ExecServiceOptions): ExecService {
  const { sandboxes, injections, execs } = options
  const start = (command: hostAgent.ExecCommand | undefined) => {
    if (command === undefined) throw new PlatformError("invalid_argument", "the request has no command")
    const sandbox = sandboxes.running(command.sandboxId)
    const exec = new SimulatedExec(command, { ...sandbox.spec.envs, ...command.envs })
    execs.push(exec)
    return exec
  }
  return {
    async exec(request, context) {
      await injections.pass("exec", context)
      const exec = start(request.command)
      void exec.stdin.push(request.stdin).then(() => exec.stdin.close())
      return await collect(exec)
    },
    async *execStream(requests, context) {
      await injections.pass("execStream", context)
      const reader = requests[Symbol.asyncIterator]()
      const first = await reader.next()
      const message = first.done === true ? undefined : first.value.message
      if (message?.case !== "start")
        throw new PlatformError("invalid_argument", "the first message is not start")
      const exec = start(message.value.command)
      if (message.value.pty !== undefined) void exec.sizes.push(message.value.pty)
      if (!message.value.stdin) exec.stdin.close()
      context.signal.addEventListener("abort", () => {
        if (message.value.killOnDisconnect) exec.kill(9)
      })
      void pumpRequests(reader, exec)
      yield toResponse({ case: "started", value: create(hostAgent.ExecStartedSchema, { pid: 4711 }) })
      const run = exec.run()
      for (;;) {
        const step = await run.next()
        if (step.done === true) {
          yield toResponse({ case: "exit", value: toExit(step.value) })
          return
        }
        yield toResponse({ case: step.value.stream, value: step.value.data })
      }
    },
  }
}

async function pumpRequests(
  reader: AsyncIterator<hostAgent.ExecStreamRequest>,
  exec: SimulatedExec,
): Promise<void> {
  for (;;) {
    // A client that goes away is seen by the signal of the call.
    const step = await reader.next().catch(() => ({ done: true as const, value: undefined }))
    if (step.done === true) return
    const { message } = step.value
    if (message.case === "stdin") {
      exec.stdinBytes += message.value.length
      await exec.stdin.push(message.value)
    } else if (message.case === "closeStdin") exec.stdin.close()
    else if (message.case === "signal") exec.kill(message.value.number)
    else if (message.case === "resize") await exec.sizes.push(message.value)
  }
}

async function collect(exec: SimulatedExec): Promise<hostAgent.ExecResponse> {
  const kept = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] }
  const bytes = { stdout: 0, stderr: 0 }
  const run = exec.run()
  for (;;) {
    const step = await run.next()
    if (step.done === true) {
      const stdout = Buffer.concat(kept.stdout)
      const stderr = Buffer.concat(kept.stderr)
      return create(hostAgent.ExecResponseSchema, {
        exitCode: step.value.exitCode,
        signal: step.value.signal,
        timedOut: step.value.timedOut,
        durationMs: BigInt(Math.round(step.value.durationMs)),
        stdout: stdout.subarray(0, LIMITS.execOutputBytesMax),
        stderr: stderr.subarray(0, LIMITS.execOutputBytesMax),
        stdoutTruncated: bytes.stdout > LIMITS.execOutputBytesMax,
        stderrTruncated: bytes.stderr > LIMITS.execOutputBytesMax,
      })
    }
    const { stream, data } = step.value
    if (bytes[stream] < LIMITS.execOutputBytesMax) kept[stream].push(data)
    bytes[stream] += data.length
    // Lets the timeout's timer run beside a command that never waits.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function toExit(exit: Exit): hostAgent.ExecExit {
  return create(hostAgent.ExecExitSchema, { ...exit, durationMs: BigInt(Math.round(exit.durationMs)) })
}

function toResponse(message: hostAgent.ExecStreamResponse["message"]): hostAgent.ExecStreamResponse {
  return create(hostAgent.ExecStreamResponseSchema, { message })
}
