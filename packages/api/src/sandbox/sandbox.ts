import { SANDBOX_STATUSES } from "@thaw/model"
import { z } from "zod"

import { MetadataSchema, TimestampSchema } from "../text/wire-text.ts"

/** A sandbox as clients see it */
export const SandboxSchema = z.strictObject({
  id: z.string(),
  status: z.enum(SANDBOX_STATUSES),
  template: z.string(),
  vcpus: z.int(),
  memory_mib: z.int(),
  /** Seconds from start to the end of the sandbox; 0: no limit */
  timeout_sec: z.int(),
  metadata: MetadataSchema,
  created_at: TimestampSchema,
  started_at: TimestampSchema.optional(),
  updated_at: TimestampSchema,
  expires_at: TimestampSchema.optional(),
  /** Why the sandbox is stopped or in error */
  reason: z.string().optional(),
})

export type SandboxBody = z.infer<typeof SandboxSchema>

/** Path parameters of the routes of one sandbox */
export const SandboxParamsSchema = z.strictObject({ id: z.string() })
