import { ERROR_CODES } from "@thaw/model"
import { z } from "zod"

/** Body of every answer that is no success */
export const ErrorBodySchema = z.strictObject({
  error: z.strictObject({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
})

export type ErrorBody = z.infer<typeof ErrorBodySchema>
