import { LIMITS, ON_TIMEOUT } from "@thaw/model"
import { z } from "zod"

import { EnvsSchema, MetadataSchema, TemplateNameSchema } from "../text/wire-text.ts"

/** Beyond any host; the host's own capacity is checked when a sandbox is created */
const VCPUS_MAX = 1024
const MEMORY_MIB_MAX = 16 * 1024 * 1024

export const CreateSandboxRequestSchema = z.strictObject({
  /** A base template or a snapshot */
  template: TemplateNameSchema.default("base"),
  /** Of a base template's sandbox, default `LIMITS.vcpusDefault`; a snapshot brings its own, whatever is asked for */
  vcpus: z.int().min(LIMITS.vcpusMin).max(VCPUS_MAX).optional(),
  /** Of a base template's sandbox, default `LIMITS.memoryMibDefault`; a snapshot brings its own, whatever is asked for */
  memory_mib: z.int().min(LIMITS.memoryMibMin).max(MEMORY_MIB_MAX).optional(),
  /** Without activity; 0: no limit */
  timeout_sec: z.int().min(0).max(LIMITS.timeoutSecMax).default(LIMITS.timeoutSecDefault),
  /** What happens when that time is over */
  on_timeout: z.enum(ON_TIMEOUT).default("destroy"),
  metadata: MetadataSchema.default({}),
  /** Environment of every process of the sandbox; not shown again */
  envs: EnvsSchema.default({}),
})

/** What a client sends */
export type CreateSandboxBody = z.input<typeof CreateSandboxRequestSchema>
/** The same with defaults filled in, but for those that depend on the template */
export type CreateSandboxRequest = z.output<typeof CreateSandboxRequestSchema>
