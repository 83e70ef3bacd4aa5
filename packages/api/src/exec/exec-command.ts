import { LIMITS } from "@thaw/model"

import { z } from "zod"

import { counted } from "../text/counted.ts"
import { plainText } from "../text/text.ts"
import { EnvsSchema, PathSchema, UserSchema } from "../text/wire-text.ts"

/** What both ways of running a command say about it */
export const EXEC_COMMAND_FIELDS = {
  cmd: plainText({ bytesMin: 1, bytesMax: LIMITS.argBytesMax }),
  args: counted(z.array(plainText({ bytesMax: LIMITS.argBytesMax })), LIMITS.argsMax).default([]),
  /** Default: the user's home */
  cwd: PathSchema.optional(),
  envs: EnvsSchema.default({}),
  /** Default: the template's default user */
  user: UserSchema.optional(),
} as const

/** Bytes in base64, at most `bytesMax` of them */
export function base64Bytes(bytesMax: number) {
  return z
    .string()
    .max(Math.ceil(bytesMax / 3) * 4, `must be at most ${bytesMax} bytes`)
    .pipe(z.base64())
}
