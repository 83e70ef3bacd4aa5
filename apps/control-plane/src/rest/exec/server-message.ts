import type { ExecStreamServerMessage } from "@thaw/api"
import type { hostAgent } from "@thaw/rpc"

/** Turns a message of the host agent into one for the client; undefined for one that says nothing */
export function toServerMessage(response: hostAgent.ExecStreamResponse): ExecStreamServerMessage | undefined {
  const { message } = response
  switch (message.case) {
    case "started":
      return { type: "started", pid: message.value.pid }
    case "stdout":
    case "stderr":
      return { type: message.case, data: toBase64(message.value) }
    case "exit": {
      const { exitCode, signal, timedOut, durationMs } = message.value
      return {
        type: "exit",
        exit_code: exitCode,
        ...(signal === 0 ? {} : { signal }),
        timed_out: timedOut,
        duration_ms: Number(durationMs),
      }
    }
    case undefined:
      return undefined
  }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64")
}
