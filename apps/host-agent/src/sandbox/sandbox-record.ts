import { isSandboxId, TEMPLATE_NAME_PATTERN, type SandboxId, type TemplateName } from "@thaw/model"
import { z } from "zod"

const recordSchema = z.strictObject({
  formatVersion: z.literal(1),
  spec: z.strictObject({
    id: z.custom<SandboxId>((value) => typeof value === "string" && isSandboxId(value)),
    template: z.custom<TemplateName>(
      (value) => typeof value === "string" && TEMPLATE_NAME_PATTERN.test(value),
    ),
    vcpus: z.int(),
    memoryMib: z.int(),
    timeoutSec: z.int(),
  }),
  status: z.enum(["starting", "running", "stopping", "stopped", "error"]),
  /** Why it is stopped or in error; empty otherwise */
  reason: z.string(),
  createdAtMs: z.int(),
  changedAtMs: z.int(),
  /** 0: never */
  expiresAtMs: z.int(),
  /** Access token of the guest agent, hexadecimal */
  guestToken: z.string().regex(/^[0-9a-f]{64}$/),
  createSteps: z.array(z.strictObject({ name: z.string(), durationMs: z.number() })),
  /** Present from before the slot's network is used until after it is gone */
  slot: z.int().optional(),
  /** Process of the VMM, from its start until after its end */
  vmm: z.strictObject({ pid: z.int(), startTicks: z.int() }).optional(),
})

/** All a host agent must know of a sandbox to find it again: `record.json` in the sandbox's directory */
export type SandboxRecord = Readonly<z.infer<typeof recordSchema>>

/** Reads a record. Raises a `SyntaxError` or `ZodError` for anything that is none of this version. */
export function parseSandboxRecord(text: string): SandboxRecord {
  return recordSchema.parse(JSON.parse(text))
}
