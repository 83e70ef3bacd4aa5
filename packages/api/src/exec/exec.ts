import { LIMITS } from "@thaw/model"
import { z } from "zod"

import { utf8Bytes } from "../text/text.ts"
import { EXEC_COMMAND_FIELDS, base64Bytes } from "./exec-command.ts"

/** How bytes stand in a JSON string */
export const EncodingSchema = z.enum(["utf-8", "base64"])

export type Encoding = z.infer<typeof EncodingSchema>

const StdinBase64Schema = base64Bytes(LIMITS.stdinBytesMax)

export const ExecRequestSchema = z
  .strictObject({
    ...EXEC_COMMAND_FIELDS,
    stdin: z.string().optional(),
    stdin_encoding: EncodingSchema.default("utf-8"),
    timeout_sec: z.int().min(1).max(LIMITS.execTimeoutSecMax).default(LIMITS.execTimeoutSecDefault),
  })
  .superRefine((request, context) => {
    if (request.stdin === undefined) return
    const message = describeBadStdin(request.stdin, request.stdin_encoding)
    if (message !== undefined) context.addIssue({ code: "custom", path: ["stdin"], message })
  })

/** What a client sends */
export type ExecBody = z.input<typeof ExecRequestSchema>
/** The same with every default filled in */
export type ExecRequest = z.output<typeof ExecRequestSchema>

function describeBadStdin(stdin: string, encoding: Encoding): string | undefined {
  if (encoding === "base64") {
    const parsed = StdinBase64Schema.safeParse(stdin)
    return parsed.success ? undefined : (parsed.error.issues[0]?.message ?? "is not base64")
  }
  if (!stdin.isWellFormed()) return "must be well-formed Unicode"
  if (stdin.length > LIMITS.stdinBytesMax || utf8Bytes(stdin) > LIMITS.stdinBytesMax)
    return `must be at most ${LIMITS.stdinBytesMax} bytes`
  return undefined
}

/** Output of a command, each stream in its own encoding */
export const ExecOutputSchema = z.strictObject({
  stdout: z.string(),
  stderr: z.string(),
  /** `base64` for a stream that is not UTF-8 */
  encoding: z.strictObject({ stdout: EncodingSchema, stderr: EncodingSchema }),
  duration_ms: z.int(),
  /** Present when a stream was longer than what is kept */
  truncated: z.strictObject({ stdout: z.boolean(), stderr: z.boolean() }).optional(),
})

export type ExecOutput = z.infer<typeof ExecOutputSchema>

export const ExecResponseSchema = z.strictObject({
  /** 128 + n for a process ended by signal n */
  exit_code: z.int(),
  ...ExecOutputSchema.shape,
})

export type ExecResult = z.infer<typeof ExecResponseSchema>
