import {
  ExecStreamClientMessageSchema,
  SIGNAL_NUMBERS,
  type ExecStart,
  type ExecStreamClientMessage,
} from "@thaw/api"
import { LIMITS, PlatformError } from "@thaw/model"
import type { hostAgent } from "@thaw/rpc"
import type { MessageInitShape } from "@bufbuild/protobuf"

import { validate } from "../validate.ts"

export type ExecStreamRequest = MessageInitShape<typeof hostAgent.ExecStreamRequestSchema>

/** Reads a message of a client. Raises `invalid_argument`. */
export function parseClientMessage(text: string): ExecStreamClientMessage {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new PlatformError("invalid_argument", "a message is not JSON", { cause: error })
  }
  return validate(ExecStreamClientMessageSchema, value, "message")
}

/** The first message to the host agent */
export function toStartRequest(sandboxId: string, start: ExecStart): ExecStreamRequest {
  const value = {
    command: {
      sandboxId,
      cmd: start.cmd,
      args: start.args,
      envs: start.envs,
      cwd: start.cwd ?? "",
      user: start.user ?? "",
      timeoutMs: start.timeout_sec * 1000,
    },
    ...(start.pty === undefined ? {} : { pty: start.pty }),
    stdin: start.stdin ?? start.pty !== undefined,
    killOnDisconnect: start.kill_on_disconnect,
  }
  return { message: { case: "start", value } }
}

/** Every message after the first, as one or more to the host agent */
export function* toRequests(message: ExecStreamClientMessage): Generator<ExecStreamRequest> {
  switch (message.type) {
    case "start":
      throw new PlatformError("invalid_argument", "the command is started already")
    case "stdin": {
      const data = Buffer.from(message.data, "base64")
      for (let offset = 0; offset < data.length; offset += LIMITS.chunkBytesMax) {
        yield { message: { case: "stdin", value: data.subarray(offset, offset + LIMITS.chunkBytesMax) } }
      }
      return
    }
    case "close_stdin":
      yield { message: { case: "closeStdin", value: {} } }
      return
    case "signal": {
      const number = typeof message.signal === "number" ? message.signal : SIGNAL_NUMBERS[message.signal]
      yield { message: { case: "signal", value: { number } } }
      return
    }
    case "resize":
      yield { message: { case: "resize", value: { cols: message.cols, rows: message.rows } } }
  }
}
