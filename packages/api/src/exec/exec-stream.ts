import { ERROR_CODES, LIMITS } from "@thaw/model"
import { z } from "zod"

import { EXEC_COMMAND_FIELDS, base64Bytes } from "./exec-command.ts"
import { SIGNAL_NAMES, SIGNAL_NUMBER_MAX } from "./signals.ts"

/** Largest message of a client; a longer input is sent in several */
export const EXEC_STREAM_MESSAGE_BYTES_MAX = 1024 * 1024
const STDIN_MESSAGE_BYTES_MAX = 512 * 1024

/** A browser cannot set headers; it offers this subprotocol with its API key appended, and `EXEC_STREAM_SUBPROTOCOL` beside it */
export const API_KEY_SUBPROTOCOL_PREFIX = "thaw.api-key."
/** The subprotocol that the server answers with when a client offers it */
export const EXEC_STREAM_SUBPROTOCOL = "thaw.exec.v1"

export const PtySchema = z.strictObject({
  cols: z.int().min(1).max(LIMITS.ptyColsMax),
  rows: z.int().min(1).max(LIMITS.ptyRowsMax),
})

export const ExecStartSchema = z.strictObject({
  type: z.literal("start"),
  ...EXEC_COMMAND_FIELDS,
  /** 0: no limit */
  timeout_sec: z.int().min(0).max(LIMITS.execTimeoutSecMax).default(0),
  /** Runs the command in a terminal; all output is then stdout */
  pty: PtySchema.optional(),
  /** Whether the command gets an open standard input. Default: only with `pty` */
  stdin: z.boolean().optional(),
  /** Whether the command is killed when the connection is lost */
  kill_on_disconnect: z.boolean().default(true),
})

export type ExecStart = z.output<typeof ExecStartSchema>

/** What a client sends: `start` first, the others after it in any order */
export const ExecStreamClientMessageSchema = z.discriminatedUnion("type", [
  ExecStartSchema,
  z.strictObject({ type: z.literal("stdin"), data: base64Bytes(STDIN_MESSAGE_BYTES_MAX) }),
  z.strictObject({ type: z.literal("close_stdin") }),
  z.strictObject({
    type: z.literal("signal"),
    signal: z.union([z.enum(SIGNAL_NAMES), z.int().min(1).max(SIGNAL_NUMBER_MAX)]),
  }),
  z.strictObject({ type: z.literal("resize"), ...PtySchema.shape }),
])

export type ExecStreamClientBody = z.input<typeof ExecStreamClientMessageSchema>
export type ExecStreamClientMessage = z.output<typeof ExecStreamClientMessageSchema>

/** What the server sends: `started`, output, then `exit` or `error`, after which it closes the connection */
export const ExecStreamServerMessageSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("started"), pid: z.int() }),
  z.strictObject({ type: z.literal("stdout"), data: z.base64() }),
  z.strictObject({ type: z.literal("stderr"), data: z.base64() }),
  z.strictObject({
    type: z.literal("exit"),
    exit_code: z.int(),
    /** Number of the signal that ended the command */
    signal: z.int().optional(),
    timed_out: z.boolean(),
    duration_ms: z.int(),
  }),
  z.strictObject({
    type: z.literal("error"),
    error: z.strictObject({
      code: z.enum(ERROR_CODES),
      message: z.string(),
      details: z.record(z.string(), z.unknown()).optional(),
    }),
  }),
])

export type ExecStreamServerMessage = z.infer<typeof ExecStreamServerMessageSchema>
