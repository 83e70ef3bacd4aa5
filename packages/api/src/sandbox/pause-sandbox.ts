import { z } from "zod"

/** Nothing can be said about how to pause; the body may be left out */
export const PauseSandboxRequestSchema = z.strictObject({})

/** Nothing can be said about how to resume; the body may be left out */
export const ResumeSandboxRequestSchema = z.strictObject({})
