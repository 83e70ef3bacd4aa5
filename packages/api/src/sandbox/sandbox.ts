import { ON_TIMEOUT, SANDBOX_STATUSES } from "@thaw/model"
import { z } from "zod"

import { MetadataSchema, TimestampSchema } from "../text/wire-text.ts"
import { PauseReportSchema } from "./pause-report.ts"

/** A sandbox as clients see it */
export const SandboxSchema = z.strictObject({
  id: z.string(),
  status: z.enum(SANDBOX_STATUSES),
  template: z.string(),
  vcpus: z.int(),
  memory_mib: z.int(),
  /** Seconds without activity until the sandbox is destroyed or paused; 0: no limit */
  timeout_sec: z.int(),
  /** What happens when `timeout_sec` is over */
  on_timeout: z.enum(ON_TIMEOUT),
  metadata: MetadataSchema,
  created_at: TimestampSchema,
  started_at: TimestampSchema.optional(),
  updated_at: TimestampSchema,
  expires_at: TimestampSchema.optional(),
  /** Why the sandbox is stopped or in error */
  reason: z.string().optional(),
  /** The last pause; stays after a resume, absent until there was one */
  pause: PauseReportSchema.optional(),
})

export type SandboxBody = z.infer<typeof SandboxSchema>

/** Path parameters of the routes of one sandbox */
export const SandboxParamsSchema = z.strictObject({ id: z.string() })
