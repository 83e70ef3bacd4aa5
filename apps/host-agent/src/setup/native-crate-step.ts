import { createHash } from "node:crypto"

import { writeFileAtomic } from "@thaw/linux"

import type { HostPaths } from "../host-paths.ts"
import { readArtifactRecord, writeArtifactRecord } from "./artifact-record.ts"
import { isFileOfSize } from "./is-file-of-size.ts"
import { buildNativeCrate, hashNativeCrate, type NativeCrate } from "./native-crate.ts"
import type { SetupStep } from "./setup-step.ts"

const KIB = 1024

export interface NativeArtifact {
  readonly crate: NativeCrate
  /** Where the file is used from */
  readonly path: (paths: HostPaths) => string
  readonly mode: number
  /** Why the file cannot be used, or undefined */
  readonly refuse: (file: Buffer) => string | undefined
}

/** The step that builds a crate of `native/` whenever its sources have changed */
export function nativeCrateStep({ crate, path, mode, refuse }: NativeArtifact): SetupStep {
  const { name } = crate
  return {
    name,
    check: async ({ paths, sourceDir }) => {
      const record = await readArtifactRecord(paths.artifactsDir, name)
      if (record === undefined || !(await isFileOfSize(path(paths), record.sizeBytes))) return undefined
      const sourceHash = await hashNativeCrate(crate, sourceDir)
      return record.sourceHash === sourceHash ? "built from these sources" : undefined
    },
    apply: async (context) => {
      const { paths, sourceDir } = context
      // Before the build: sources that change meanwhile make it due again.
      const sourceHash = await hashNativeCrate(crate, sourceDir)
      context.report("compiling")
      const file = await buildNativeCrate(crate, context)
      const refusal = refuse(file)
      if (refusal !== undefined) throw new Error(refusal)
      await writeFileAtomic(path(paths), file, { mode })
      await writeArtifactRecord(paths.artifactsDir, name, {
        sourceHash,
        sizeBytes: file.length,
        sha256: createHash("sha256").update(file).digest("hex"),
      })
      return `${Math.ceil(file.length / KIB)} KiB`
    },
  }
}
