import { LIMITS, SANDBOX_STATUSES } from "@thaw/model"
import { z } from "zod"

import { plainText } from "../text/text.ts"
import { MetadataSchema, TemplateNameSchema } from "../text/wire-text.ts"
import { SandboxSchema } from "./sandbox.ts"

const METADATA_PREFIX = "metadata."
const CURSOR_LENGTH_MAX = 256

const LimitSchema = z
  .string()
  .regex(/^\d{1,9}$/, "must be a whole number")
  .transform(Number)
  .pipe(z.int().min(1).max(LIMITS.pageSizeMax))

export const ListSandboxesQuerySchema = z.strictObject({
  /** May be repeated: any of them */
  status: z.array(z.enum(SANDBOX_STATUSES)).optional(),
  template: TemplateNameSchema.optional(),
  /** `metadata.<key>=<value>`, may be repeated: all of them */
  metadata: MetadataSchema.default({}),
  limit: LimitSchema.optional(),
  /** `next_cursor` of the page before */
  cursor: plainText({ bytesMin: 1, bytesMax: CURSOR_LENGTH_MAX }).optional(),
})

export type ListSandboxesQuery = z.output<typeof ListSandboxesQuerySchema>

export const ListSandboxesResponseSchema = z.strictObject({
  /** Newest first */
  items: z.array(SandboxSchema),
  /** Absent on the last page */
  next_cursor: z.string().optional(),
})

export type ListSandboxesResponse = z.infer<typeof ListSandboxesResponseSchema>

/** A query string as parsed by a server: repeated names are lists */
export type RawQuery = Readonly<Record<string, string | readonly string[] | undefined>>

/** Gathers `metadata.<key>` and a repeated `status` to the shape that `ListSandboxesQuerySchema` reads */
export function gatherListQuery(raw: RawQuery): Record<string, unknown> {
  const gathered = new Map<string, unknown>()
  const metadata: [string, unknown][] = []
  for (const [name, value] of Object.entries(raw)) {
    if (name.startsWith(METADATA_PREFIX)) metadata.push([name.slice(METADATA_PREFIX.length), value])
    else if (name === "status") gathered.set(name, typeof value === "string" ? [value] : value)
    // `metadata` itself is no name of a query; kept apart so that it is reported as unknown.
    else gathered.set(name === "metadata" ? METADATA_PREFIX : name, value)
  }
  if (metadata.length > 0) gathered.set("metadata", Object.fromEntries(metadata))
  return Object.fromEntries(gathered)
}

/** What a client may filter and page by */
export interface ListSandboxesFilter {
  readonly status?: readonly (typeof SANDBOX_STATUSES)[number][]
  readonly template?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly limit?: number
  readonly cursor?: string
}

/** Writes a filter as a query string, without the `?` */
export function formatListQuery(filter: ListSandboxesFilter): string {
  const pairs: [string, string][] = (filter.status ?? []).map((status) => ["status", status])
  if (filter.template !== undefined) pairs.push(["template", filter.template])
  for (const [key, value] of Object.entries(filter.metadata ?? {}))
    pairs.push([`${METADATA_PREFIX}${key}`, value])
  if (filter.limit !== undefined) pairs.push(["limit", String(filter.limit)])
  if (filter.cursor !== undefined) pairs.push(["cursor", filter.cursor])
  return pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&")
}
