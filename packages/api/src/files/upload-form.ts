import { z } from "zod"

import { ModeSchema, PathSchema, UserSchema } from "../text/wire-text.ts"

/**
 * The fields of an upload, `multipart/form-data`; `file` parts come beside them.
 *
 * The nth `path` and the nth `file` of a form are a pair, whichever of the two comes first. `user` and `mode` hold for every
 * pair whose second half comes after them, until they are given again; an empty value goes back to the default. Each pair is
 * written, atomically, when its second half has come: a `file` that comes before its `path` waits on the control plane's disk.
 * Files that were written before an error stay; its `details.written` lists them, but for an `internal` one.
 */
export const UploadFieldSchemas = {
  path: PathSchema,
  user: z.union([z.literal(""), UserSchema]),
  /** Default: that of the replaced file, else 0644 */
  mode: z.union([z.literal(""), ModeSchema]),
} as const

export type UploadFieldName = keyof typeof UploadFieldSchemas

/** The same as one schema, for documents */
export const UploadFormSchema = z.strictObject({
  path: PathSchema,
  file: z.string().meta({ format: "binary" }),
  user: UserSchema.optional(),
  mode: ModeSchema.optional(),
})
