import { z } from "zod"

import { TEMPLATE_TYPES, TemplateSchema, type TemplateType } from "./template.ts"

export const ListSnapshotsQuerySchema = z.strictObject({
  /** Default: both */
  type: z.enum(TEMPLATE_TYPES).optional(),
})

export type ListSnapshotsQuery = z.output<typeof ListSnapshotsQuerySchema>

export const ListSnapshotsResponseSchema = z.strictObject({
  /** By name */
  items: z.array(TemplateSchema),
})

export type ListSnapshotsResponse = z.infer<typeof ListSnapshotsResponseSchema>

/** What a client may filter by */
export interface ListSnapshotsFilter {
  readonly type?: TemplateType
}

/** Writes a filter as a query string, without the `?` */
export function formatListSnapshotsQuery(filter: ListSnapshotsFilter): string {
  return filter.type === undefined ? "" : `type=${filter.type}`
}
