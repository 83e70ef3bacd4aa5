import { ExecStreamServerMessageSchema, type ExecStreamServerMessage } from "@thaw/api"
import { PlatformError } from "@thaw/model"

/** What happens to a streamed command, in its order; `exit` is the last */
export type ExecEvent =
  | { readonly type: "started"; readonly pid: number }
  | { readonly type: "stdout" | "stderr"; readonly data: Buffer }
  | {
      readonly type: "exit"
      readonly exitCode: number
      /** Number of the signal that ended the process */
      readonly signal: number | undefined
      readonly timedOut: boolean
      readonly durationMs: number
    }

/**
 * Reads one message of the server.
 *
 * @throws {PlatformError} the error it carries, or `internal` for a message that is none
 */
export function parseExecMessage(text: string): ExecEvent {
  const message = parseMessage(text)
  switch (message.type) {
    case "started":
      return message
    case "stdout":
    case "stderr":
      return { type: message.type, data: Buffer.from(message.data, "base64") }
    case "exit":
      return {
        type: "exit",
        exitCode: message.exit_code,
        signal: message.signal,
        timedOut: message.timed_out,
        durationMs: message.duration_ms,
      }
    case "error": {
      const { code, message: words, details } = message.error
      throw new PlatformError(code, words, details === undefined ? {} : { details })
    }
  }
}

function parseMessage(text: string): ExecStreamServerMessage {
  try {
    return ExecStreamServerMessageSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new PlatformError("internal", "the server sent a message that is none of the exec stream's", {
      cause: error,
    })
  }
}
