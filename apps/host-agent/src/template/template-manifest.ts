import { z } from "zod"

import { isBuildId } from "./build-id.ts"

const MANIFEST_BYTES_MAX = 1024 * 1024

const manifestSchema = z.strictObject({
  formatVersion: z.literal(1),
  name: z.string(),
  buildId: z.string().refine(isBuildId, "is not a build id"),
  createdAt: z.iso.datetime(),
  /** Of everything the build was made from */
  recipeHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Debian packages by name, with their versions */
  packages: z.record(z.string(), z.string()),
  rootfs: z.strictObject({
    /** As the guest sees it */
    sizeBytes: z.int().positive(),
    /** On the host's disk */
    allocatedBytes: z.int().nonnegative(),
  }),
})

/** What is known about one build of a template; `manifest.json` beside its rootfs */
export type TemplateManifest = z.infer<typeof manifestSchema>

/** Reads a manifest. Throws with the field that is wrong. */
export function parseTemplateManifest(text: string): TemplateManifest {
  if (text.length > MANIFEST_BYTES_MAX) {
    throw new RangeError(
      `template manifest has ${text.length} characters, at most ${MANIFEST_BYTES_MAX} are read`,
    )
  }
  const parsed = manifestSchema.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  throw new TypeError(`template manifest is not valid: ${z.prettifyError(parsed.error)}`)
}

/** Writes a manifest as text */
export function formatTemplateManifest(manifest: TemplateManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`
}
