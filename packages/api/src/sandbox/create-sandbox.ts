import { LIMITS } from "@thaw/model"
import { z } from "zod"

import { EnvsSchema, MetadataSchema, TemplateNameSchema } from "../text/wire-text.ts"

/** Beyond any host; the host's own capacity is checked when a sandbox is created */
const VCPUS_MAX = 1024
const MEMORY_MIB_MAX = 16 * 1024 * 1024

export const CreateSandboxRequestSchema = z.strictObject({
  template: TemplateNameSchema.default("base"),
  vcpus: z.int().min(LIMITS.vcpusMin).max(VCPUS_MAX).default(LIMITS.vcpusDefault),
  memory_mib: z.int().min(LIMITS.memoryMibMin).max(MEMORY_MIB_MAX).default(LIMITS.memoryMibDefault),
  /** 0: no limit */
  timeout_sec: z.int().min(0).max(LIMITS.timeoutSecMax).default(LIMITS.timeoutSecDefault),
  metadata: MetadataSchema.default({}),
  /** Environment of every process of the sandbox; not shown again */
  envs: EnvsSchema.default({}),
})

/** What a client sends */
export type CreateSandboxBody = z.input<typeof CreateSandboxRequestSchema>
/** The same with every default filled in */
export type CreateSandboxRequest = z.output<typeof CreateSandboxRequestSchema>
