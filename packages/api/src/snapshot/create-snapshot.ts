import { z } from "zod"

import { TemplateNameSchema } from "../text/wire-text.ts"

export const CreateSnapshotRequestSchema = z.strictObject({
  sandbox_id: z.string(),
  /** Default: a generated one */
  name: TemplateNameSchema.optional(),
})

/** What a client sends */
export type CreateSnapshotBody = z.input<typeof CreateSnapshotRequestSchema>
/** The same, checked */
export type CreateSnapshotRequest = z.output<typeof CreateSnapshotRequestSchema>

export const CreateSnapshotQuerySchema = z.strictObject({
  /** Whether a snapshot of that name is replaced */
  overwrite: z
    .enum(["true", "false"], 'must be "true" or "false"')
    .optional()
    .transform((text) => text === "true"),
})

export type CreateSnapshotQuery = z.output<typeof CreateSnapshotQuerySchema>

/** Writes the query string that `CreateSnapshotQuerySchema` reads, without the `?` */
export function formatCreateSnapshotQuery(options: { readonly overwrite?: boolean }): string {
  return options.overwrite === true ? "overwrite=true" : ""
}
