import { z } from "zod"

export const HealthResponseSchema = z.strictObject({ status: z.literal("ok") })

/** Each part that a request needs, and whether it answers */
export const ReadyResponseSchema = z.strictObject({
  status: z.literal("ok"),
  checks: z.strictObject({ database: z.literal("ok"), host_agent: z.literal("ok") }),
})

export type HealthResponse = z.infer<typeof HealthResponseSchema>
export type ReadyResponse = z.infer<typeof ReadyResponseSchema>
