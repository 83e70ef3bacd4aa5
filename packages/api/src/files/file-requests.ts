import { LIMITS } from "@thaw/model"
import { z } from "zod"

import { ModeSchema, PathSchema, UserSchema } from "../text/wire-text.ts"
import { base64Bytes } from "../exec/exec-command.ts"

const PATH_ENCODING = z.literal("base64").optional()
const Base64PathSchema = base64Bytes(LIMITS.pathBytesMax)

/** Paths are UTF-8, or base64 of any bytes when the request says `path_encoding: "base64"` */
interface EncodedPaths {
  readonly path_encoding?: "base64" | undefined
}

function checkPaths<T extends EncodedPaths>(names: readonly (keyof T & string)[]) {
  return (request: T, context: z.core.$RefinementCtx<T>) => {
    const schema = request.path_encoding === "base64" ? Base64PathSchema : PathSchema
    for (const name of names) {
      const parsed = schema.safeParse(request[name])
      if (!parsed.success)
        context.addIssue({
          code: "custom",
          path: [name],
          message: parsed.error.issues[0]?.message ?? "is not a path",
          input: request[name],
        })
    }
  }
}

const TARGET_FIELDS = {
  path: z.string().min(1, "must not be empty"),
  path_encoding: PATH_ENCODING,
  /** Whose rights are used and from whose home a relative path starts; default: the template's default user */
  user: UserSchema.optional(),
} as const

export const ReadFileRequestSchema = z.strictObject(TARGET_FIELDS).superRefine(checkPaths(["path"]))
export const ListFilesRequestSchema = z.strictObject(TARGET_FIELDS).superRefine(checkPaths(["path"]))

export const StatFileRequestSchema = z
  .strictObject({ ...TARGET_FIELDS, follow_symlink: z.boolean().default(true) })
  .superRefine(checkPaths(["path"]))

export const MakeDirRequestSchema = z
  .strictObject({
    ...TARGET_FIELDS,
    mode: ModeSchema.optional(),
    /** Also makes the directories above, and takes an existing directory for success */
    parents: z.boolean().default(false),
  })
  .superRefine(checkPaths(["path"]))

export const MoveFileRequestSchema = z
  .strictObject({
    from: z.string().min(1, "must not be empty"),
    to: z.string().min(1, "must not be empty"),
    path_encoding: PATH_ENCODING,
    user: UserSchema.optional(),
    overwrite: z.boolean().default(false),
  })
  .superRefine(checkPaths(["from", "to"]))

export const RemoveFileRequestSchema = z
  .strictObject({ ...TARGET_FIELDS, recursive: z.boolean().default(false) })
  .superRefine(checkPaths(["path"]))

export type ReadFileRequest = z.output<typeof ReadFileRequestSchema>
export type ListFilesRequest = z.output<typeof ListFilesRequestSchema>
export type StatFileRequest = z.output<typeof StatFileRequestSchema>
export type MakeDirRequest = z.output<typeof MakeDirRequestSchema>
export type MoveFileRequest = z.output<typeof MoveFileRequestSchema>
export type RemoveFileRequest = z.output<typeof RemoveFileRequestSchema>
