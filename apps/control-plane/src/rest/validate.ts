import { PlatformError } from "@thaw/model"
import type { z } from "zod"

const ISSUES_MAX = 10
/** An issue may quote what the client sent, such as every unknown key of a body */
const MESSAGE_LENGTH_MAX = 500
const PATH_LENGTH_MAX = 200

/**
 * Checks what a client sent and fills in defaults. Raises `invalid_argument` that names each mistake.
 *
 * @param where What is checked, for the message: `body`, `query` …
 */
export function validate<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues.slice(0, ISSUES_MAX).map((issue) => ({
    path: cut(issue.path.map(String).join("."), PATH_LENGTH_MAX),
    message: cut(issue.message, MESSAGE_LENGTH_MAX),
  }))
  const text = issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ")
  throw new PlatformError("invalid_argument", `${where} is not valid: ${text}`, { details: { issues } })
}

function cut(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax)}…`
}
