import { LIMITS, TEMPLATE_NAME_PATTERN } from "@thaw/model"
import { z } from "zod"

import { counted } from "./counted.ts"
import { plainText, utf8Bytes } from "./text.ts"

/** Path in the guest, absolute or from the user's home */
export const PathSchema = plainText({ bytesMin: 1, bytesMax: LIMITS.pathBytesMax })

/** Name of a user in the guest */
export const UserSchema = z
  .string()
  .regex(
    /^(?!.*\.\.)[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,63}$/,
    'must be a user name: letters, digits, "_", "." and "-", at most 64, without ".."',
  )

export const TemplateNameSchema = z
  .string()
  .regex(
    TEMPLATE_NAME_PATTERN,
    'must be a template name: letters, digits, ".", "_" and "-", at most 64, without ".."',
  )

/** Permission bits as octal text, such as `0644` */
export const ModeSchema = z
  .string()
  .regex(/^[0-7]{3,5}$/, 'must be permission bits in octal, such as "0644"')
  .refine((text) => Number.parseInt(text, 8) <= 0o7777, 'must be at most "7777"')

/** Turns the text of `ModeSchema` into permission bits */
export function parseMode(mode: string): number {
  return Number.parseInt(mode, 8)
}

/** Turns permission bits into text such as `0644` */
export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, "0")
}

/** Environment variables by name */
export const EnvsSchema = counted(
  z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,255}$/, "must be the name of an environment variable"),
      plainText({ bytesMax: LIMITS.envBytesMax }),
    )
    .refine((envs) => envBytes(envs) <= LIMITS.envBytesMax, {
      error: `must be at most ${LIMITS.envBytesMax} bytes in all`,
    }),
  LIMITS.envEntriesMax,
)

function envBytes(envs: Readonly<Record<string, string>>): number {
  return Object.entries(envs).reduce((sum, [name, value]) => sum + name.length + utf8Bytes(value) + 2, 0)
}

/** Labels that a client gives a sandbox to find it again */
export const MetadataSchema = counted(
  z.record(
    plainText({ bytesMin: 1, bytesMax: LIMITS.metadataKeyLengthMax }),
    plainText({ bytesMax: LIMITS.metadataValueLengthMax }),
  ),
  LIMITS.metadataEntriesMax,
)

/** RFC 3339 with milliseconds, UTC */
export const TimestampSchema = z.iso.datetime({ precision: 3 })
