import { readFile } from "node:fs/promises"
import { join } from "node:path"

import { writeFileAtomic } from "@thaw/linux"
import { z } from "zod"

const NativeFile = z.strictObject({
  /** Of the crate in `native/` and of how it is built */
  sourceHash: z.string(),
  sizeBytes: z.int(),
  sha256: z.string(),
})

/** What one step made and from what; a JSON file in the artifacts directory, written last */
const SCHEMAS = {
  "guest-agent": NativeFile,
  "qemu-uffd": NativeFile,
  kernel: z.strictObject({
    /** `uname -r` of the guest */
    release: z.string(),
    packageVersion: z.string(),
    /** Name of the directory below `kernels/` */
    directory: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+~_-]*$/),
    sizeBytes: z.int(),
    sha256: z.string(),
  }),
  initramfs: z.strictObject({
    /** Of everything in it and of the kernel it belongs to */
    sourceHash: z.string(),
    kernelRelease: z.string(),
    sizeBytes: z.int(),
  }),
} as const

export type ArtifactName = keyof typeof SCHEMAS
export type ArtifactRecord<Name extends ArtifactName> = z.infer<(typeof SCHEMAS)[Name]>

/** Reads the record of an artifact; undefined when there is none, or none of today's shape */
export async function readArtifactRecord<Name extends ArtifactName>(
  artifactsDir: string,
  name: Name,
): Promise<ArtifactRecord<Name> | undefined> {
  let text: string
  try {
    text = await readFile(recordPath(artifactsDir, name), "utf8")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
  const parsed = SCHEMAS[name].safeParse(parseJson(text))
  return parsed.success ? (parsed.data as ArtifactRecord<Name>) : undefined
}

/** Writes the record of an artifact that is in place */
export async function writeArtifactRecord<Name extends ArtifactName>(
  artifactsDir: string,
  name: Name,
  record: ArtifactRecord<Name>,
): Promise<void> {
  await writeFileAtomic(recordPath(artifactsDir, name), `${JSON.stringify(record, null, 2)}\n`, {
    mode: 0o644,
  })
}

function recordPath(artifactsDir: string, name: ArtifactName): string {
  return join(artifactsDir, `${name}.json`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
