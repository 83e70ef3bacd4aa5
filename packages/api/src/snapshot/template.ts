import { z } from "zod"

import { TimestampSchema } from "../text/wire-text.ts"

/** `base`: built from a recipe and booted. `snapshot`: a sandbox as it was when it was frozen. */
export const TEMPLATE_TYPES = ["base", "snapshot"] as const

export type TemplateType = (typeof TEMPLATE_TYPES)[number]

/** What sandboxes are made from, as clients see it */
export const TemplateSchema = z.strictObject({
  name: z.string(),
  type: z.enum(TEMPLATE_TYPES),
  /** Of every sandbox made from a snapshot; absent for a base template, which takes any */
  vcpus: z.int().optional(),
  memory_mib: z.int().optional(),
  /** What its files occupy on disk */
  size_bytes: z.int().min(0),
  created_at: TimestampSchema,
  /** Template of the frozen sandbox */
  parent: z.string().optional(),
  /** The frozen sandbox */
  sandbox_id: z.string().optional(),
  /** How long the frozen sandbox stood still for it */
  stop_ms: z.number().min(0).optional(),
})

export type TemplateBody = z.infer<typeof TemplateSchema>

/** Path parameters of the routes of one snapshot */
export const SnapshotParamsSchema = z.strictObject({ name: z.string() })
