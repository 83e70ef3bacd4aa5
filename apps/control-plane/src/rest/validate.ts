import { PlatformError } from "@thaw/model"
import type { z } from "zod"

const ISSUES_MAX = 10

/**
 * Checks what a client sent and fills in defaults. Raises `invalid_argument` that names each mistake.
 *
 * @param where What is checked, for the message: `body`, `query` …
 */
export function validate<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues.slice(0, ISSUES_MAX).map((issue) => ({
    path: issue.path.map(String).join("."),
    message: issue.message,
  }))
  const text = issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ")
  throw new PlatformError("invalid_argument", `${where} is not valid: ${text}`, { details: { issues } })
}
