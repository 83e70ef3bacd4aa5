import { z } from "zod"

import { TimestampSchema } from "../text/wire-text.ts"

/** What the last pause of a sandbox took */
export const PauseReportSchema = z.strictObject({
  /** How many pauses of this sandbox came before, plus the generation of the template it was made from */
  generation: z.int().min(0),
  /** How long the guest stood still: from the stop of its processors until its state and changed memory were saved */
  stop_ms: z.number().min(0),
  /** From the request until all of it was on disk */
  durable_ms: z.number().min(0),
  /** What this pause added on disk */
  bytes_written: z.int().min(0),
  at: TimestampSchema,
  /** In their order */
  steps: z.array(z.strictObject({ name: z.string(), duration_ms: z.number().min(0) })),
})

export type PauseReportBody = z.infer<typeof PauseReportSchema>
