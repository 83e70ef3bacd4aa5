import type { MessageInitShape } from "@bufbuild/protobuf"
import type { ServiceImpl } from "@connectrpc/connect"
import { LIMITS, PlatformError, parseSandboxId } from "@thaw/model"
import type { HostAgentService, hostAgent } from "@thaw/rpc"

import type { GuestExec } from "../guest/guest-exec.ts"
import type { SandboxSet } from "../sandbox/sandbox-set.ts"
import { InputQueue } from "./input-queue.ts"
import { OutputBuffer } from "./output-buffer.ts"
import { parseCommand, parsePty, required } from "./request-fields.ts"

type Handlers = Pick<ServiceImpl<typeof HostAgentService>, "exec" | "execStream">
type ExecStreamMessage = MessageInitShape<typeof hostAgent.ExecStreamResponseSchema>

export function execHandlers(sandboxes: SandboxSet): Handlers {
  return {
    async exec(request, context) {
      const command = required("command", request.command)
      if (request.stdin.length > LIMITS.stdinBytesMax) {
        throw new PlatformError(
          "payload_too_large",
          `stdin has ${request.stdin.length} bytes, at most ${LIMITS.stdinBytesMax} are allowed`,
        )
      }
      using access = sandboxes.get(parseSandboxId(command.sandboxId)).access("exec")
      const { guest, signal } = access
      const parsed = parseCommand(command, { stdin: request.stdin.length > 0, killOnDisconnect: true })
      using exec = await guest.exec(parsed, AbortSignal.any([signal, context.signal]))
      return await collect(exec, request.stdin)
    },
    async *execStream(requests, context) {
      const messages = requests[Symbol.asyncIterator]()
      const first = await messages.next()
      if (first.done === true || first.value.message.case !== "start") {
        throw new PlatformError("invalid_argument", "the first message of an exec stream must be start")
      }
      const start = first.value.message.value
      const command = required("command", start.command)
      using access = sandboxes.get(parseSandboxId(command.sandboxId)).access("exec")
      const { guest, signal } = access
      const parsed = parseCommand(command, {
        stdin: start.stdin,
        killOnDisconnect: start.killOnDisconnect,
        ...(start.pty === undefined ? {} : { pty: start.pty }),
      })
      using exec = await guest.exec(parsed, AbortSignal.any([signal, context.signal]))
      yield { message: { case: "started", value: { pid: exec.pid } } }
      yield* streamOutput(exec, messages)
    },
  }
}

async function collect(
  exec: GuestExec,
  stdin: Uint8Array,
): Promise<MessageInitShape<typeof hostAgent.ExecResponseSchema>> {
  const stdout = new OutputBuffer(LIMITS.execOutputBytesMax)
  const stderr = new OutputBuffer(LIMITS.execOutputBytesMax)
  const feeding = feed(exec, stdin)
  feeding.catch(() => undefined)
  for await (const event of exec.events()) {
    if (event.type === "exit") {
      return {
        exitCode: event.exit.exitCode,
        signal: event.exit.signal,
        stdout: stdout.bytes(),
        stderr: stderr.bytes(),
        stdoutTruncated: stdout.isTruncated,
        stderrTruncated: stderr.isTruncated,
        timedOut: event.exit.timedOut,
        durationMs: BigInt(event.exit.durationMs),
      }
    }
    const output = event.type === "stdout" ? stdout : stderr
    output.append(event.data)
  }
  throw new PlatformError("internal", "internal error", { internal: "exec ended without an exit" })
}

async function feed(exec: GuestExec, stdin: Uint8Array): Promise<void> {
  if (stdin.length === 0) return
  await exec.writeStdin(stdin)
  await exec.closeStdin()
}

/** Passes output to the client while its messages go to the process. A bad message ends the stream with its error. */
async function* streamOutput(
  exec: GuestExec,
  messages: AsyncIterator<hostAgent.ExecStreamRequest>,
): AsyncGenerator<ExecStreamMessage> {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  void applyMessages(exec, messages).catch((error: unknown) => failed.reject(error))
  const events = exec.events()
  for (;;) {
    const next = await Promise.race([events.next(), failed.promise])
    if (next.done === true) return
    const event = next.value
    if (event.type === "exit") {
      const { exitCode, signal, timedOut, durationMs } = event.exit
      yield {
        message: { case: "exit", value: { exitCode, signal, timedOut, durationMs: BigInt(durationMs) } },
      }
      return
    }
    yield { message: { case: event.type, value: event.data } }
  }
}

async function applyMessages(
  exec: GuestExec,
  messages: AsyncIterator<hostAgent.ExecStreamRequest>,
): Promise<void> {
  const input = new InputQueue(exec)
  for (;;) {
    const next = await messages.next()
    if (next.done === true) return await input.drained()
    const { message } = next.value
    switch (message.case) {
      case "stdin":
        await input.write(message.value)
        break
      case "closeStdin":
        input.close()
        break
      case "signal":
        await exec.signal(message.value.number)
        break
      case "resize":
        await exec.resize(parsePty(message.value))
        break
      case "start":
      case undefined:
        throw new PlatformError("invalid_argument", "start may only be the first message of an exec stream")
    }
  }
}
