import {
  isSandboxId,
  ON_TIMEOUT,
  TEMPLATE_NAME_PATTERN,
  type SandboxId,
  type TemplateName,
} from "@thaw/model"
import { z } from "zod"

import { isBuildId } from "../template/build-id.ts"

const stepTimings = z.array(z.strictObject({ name: z.string(), durationMs: z.number() }))

const pauseReport = z.strictObject({
  generation: z.int(),
  /** From the freeze of the vCPUs until state and changed memory were saved */
  stopMs: z.number(),
  /** From the request until all of it was on disk */
  durableMs: z.number(),
  bytesWritten: z.int(),
  steps: stepTimings,
})

/** What is known of a pause */
export type PauseReport = Readonly<z.infer<typeof pauseReport>>

const recordSchema = z.strictObject({
  formatVersion: z.literal(2),
  spec: z.strictObject({
    id: z.custom<SandboxId>((value) => typeof value === "string" && isSandboxId(value)),
    template: z.custom<TemplateName>(
      (value) => typeof value === "string" && TEMPLATE_NAME_PATTERN.test(value),
    ),
    vcpus: z.int(),
    memoryMib: z.int(),
    timeoutSec: z.int(),
    onTimeout: z.enum(ON_TIMEOUT),
  }),
  status: z.enum(["starting", "running", "pausing", "paused", "resuming", "stopping", "stopped", "error"]),
  /** Why it is stopped or in error; empty otherwise */
  reason: z.string(),
  createdAtMs: z.int(),
  changedAtMs: z.int(),
  /** Access token of the guest agent, hexadecimal */
  guestToken: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of the last create or resume */
  startSteps: stepTimings,
  /** The frozen VM that it is paused at, or that it was restored from while it runs; kept as long as this record names it */
  snapshotId: z.string().refine(isBuildId).optional(),
  /** The rootfs layers below the sandbox's own disk, deepest last; kept as long as this record names them */
  layers: z.array(z.string().refine(isBuildId)),
  /** Size of the disk that the guest sees; 0 before there is one */
  diskBytes: z.int().nonnegative(),
  /** `sealed`: as it was when the sandbox was paused; `written`: a VM may have written since; `open`: no seal is of now */
  disk: z.enum(["open", "sealed", "written"]),
  pause: pauseReport.optional(),
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
