import { z } from "zod"

import { FileEntrySchema } from "./file-entry.ts"

export const FileResponseSchema = z.strictObject({ entry: FileEntrySchema })

export const ListFilesResponseSchema = z.strictObject({
  /** By name, bytewise */
  entries: z.array(FileEntrySchema),
  /** Present when the directory holds more than is listed */
  truncated: z.literal(true).optional(),
})

export const WriteFilesResponseSchema = z.strictObject({ entries: z.array(FileEntrySchema) })

export const RemoveFileResponseSchema = z.strictObject({})

export type FileResponse = z.infer<typeof FileResponseSchema>
export type ListFilesResponse = z.infer<typeof ListFilesResponseSchema>
export type WriteFilesResponse = z.infer<typeof WriteFilesResponseSchema>
