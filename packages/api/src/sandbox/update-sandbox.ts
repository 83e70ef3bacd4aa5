import { LIMITS, ON_TIMEOUT } from "@thaw/model"
import { z } from "zod"

import { MetadataSchema } from "../text/wire-text.ts"

export const UpdateSandboxRequestSchema = z
  .strictObject({
    /** 0: no limit. The time starts anew. */
    timeout_sec: z.int().min(0).max(LIMITS.timeoutSecMax).optional(),
    on_timeout: z.enum(ON_TIMEOUT).optional(),
    /** Takes the place of all that was there */
    metadata: MetadataSchema.optional(),
  })
  .refine((request) => Object.values(request).some((value) => value !== undefined), {
    error: "must have at least one of timeout_sec, on_timeout and metadata",
  })

/** What a client sends */
export type UpdateSandboxBody = z.input<typeof UpdateSandboxRequestSchema>
/** The same, checked */
export type UpdateSandboxRequest = z.output<typeof UpdateSandboxRequestSchema>
