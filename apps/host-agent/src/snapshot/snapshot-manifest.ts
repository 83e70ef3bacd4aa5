import { TEMPLATE_NAME_PATTERN, type TemplateName } from "@thaw/model"
import { z } from "zod"

import { isBuildId } from "../template/build-id.ts"

/** Characters of a manifest that are read at all */
export const MANIFEST_LENGTH_MAX = 64 * 1024
const FORMAT_VERSION = 1
/** A chain is flattened long before this */
const LAYERS_MAX = 256
const VMM_VERSION_LENGTH_MAX = 256

const storedId = z.string().refine(isBuildId, "is not an id of stored data")
const templateName = z.custom<TemplateName>(
  (value) => typeof value === "string" && TEMPLATE_NAME_PATTERN.test(value),
  "is not a template name",
)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const manifestSchema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  id: storedId,
  createdAtMs: z.int().nonnegative(),
  /** How many diffs lie between the memory and its base; 0: none */
  generation: z.int().nonnegative(),
  /** Only the same VMM reads the state back */
  vmm: z.strictObject({
    name: z.literal("qemu"),
    version: z.string().min(1).max(VMM_VERSION_LENGTH_MAX),
    accelerator: z.enum(["kvm", "tcg"]),
  }),
  vcpus: z.int().positive(),
  memoryMib: z.int().positive(),
  /** The name that the frozen VM was created from */
  template: templateName,
  /** The build of a base template at the bottom of the disk's chain; absent when the disk rests on none */
  templateBuild: z.strictObject({ name: templateName, buildId: storedId }).optional(),
  /** Access token that the frozen guest agent accepts */
  guestToken: sha256,
  /** What new sandboxes put their disks on; absent for a paused sandbox, whose disk is in its own directory */
  rootfs: z.strictObject({ layerId: storedId, sizeBytes: z.int().positive() }).optional(),
  /** Layers that `rootfs`, or else the paused sandbox's own disk, rests on; deepest last */
  layers: z.array(storedId).max(LAYERS_MAX),
  state: z.strictObject({ sizeBytes: z.int().nonnegative(), sha256 }),
})

/**
 * What is known about one frozen VM: `snapshot.json` in its directory.
 *
 * There is no hash of the memory header: the header has a checksum of its own, and a compaction replaces it.
 */
export type SnapshotManifest = Readonly<z.infer<typeof manifestSchema>>

/** What wrote a snapshot's VM state */
export type SnapshotVmm = SnapshotManifest["vmm"]

/** Reads a manifest. Throws with what is wrong, as the end of a sentence about it. */
export function parseSnapshotManifest(text: string): SnapshotManifest {
  if (text.length > MANIFEST_LENGTH_MAX) {
    throw new RangeError(`has ${text.length} characters, at most ${MANIFEST_LENGTH_MAX} are read`)
  }
  const value = parseJson(text)
  const { formatVersion } = z.looseObject({ formatVersion: z.int().optional() }).catch({}).parse(value)
  if (formatVersion !== undefined && formatVersion > FORMAT_VERSION) {
    throw new TypeError(`is of the later version ${formatVersion}, at most ${FORMAT_VERSION} is understood`)
  }
  const parsed = manifestSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new TypeError(`is damaged: ${z.prettifyError(parsed.error)}`)
}

/** Writes a manifest as text. Throws for one that could not be read back. */
export function formatSnapshotManifest(manifest: SnapshotManifest): string {
  return `${JSON.stringify(manifestSchema.parse(manifest), null, 2)}\n`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new TypeError("is damaged: it is not JSON", { cause: error })
  }
}
