import { z } from "zod"

import { TimestampSchema } from "../text/wire-text.ts"

const BASE64_MARK = z.literal("base64").optional()

/** One file, directory or symlink of a guest */
export const FileEntrySchema = z.strictObject({
  /** Absolute */
  path: z.string(),
  /** `base64` when the path is not UTF-8; then `path` is its bytes in base64 */
  path_encoding: BASE64_MARK,
  type: z.enum(["file", "directory", "symlink", "other"]),
  /** Permission bits in octal, such as `0644` */
  mode: z.string(),
  uid: z.int(),
  gid: z.int(),
  /** Empty when the guest has no name for the uid */
  owner: z.string(),
  group: z.string(),
  /** In bytes */
  size: z.int(),
  modified_at: TimestampSchema,
  symlink_target: z.string().optional(),
  symlink_target_encoding: BASE64_MARK,
})

export type FileEntryBody = z.infer<typeof FileEntrySchema>
