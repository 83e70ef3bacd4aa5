import { access, constants, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { ok, warn, type Check } from "./finding.ts"

/** Boots something under KVM, with a deadline */
export type ProbeAccelerator = (options: {
  readonly kernel: string
  readonly cachePath: string
}) => Promise<{ readonly accelerator: "kvm" | "tcg"; readonly finding: string }>

const SLOW =
  "sandboxes run in emulation, about ten times slower; use a machine with working (nested) virtualisation"

/** KVM is found usable by running a guest: `/dev/kvm` may open and guests hang all the same */
export function kvmCheck(options: { kernel: string; probe: ProbeAccelerator }): Check {
  return {
    name: "kvm",
    look: async () => {
      if (!(await isReadable(options.kernel))) {
        return warn(
          "not probed: there is no kernel to boot yet",
          '"thaw up" fetches one; run "thaw doctor" after it',
        )
      }
      await using stack = new AsyncDisposableStack()
      // A directory of its own, so that nothing found earlier is believed.
      const directory = await mkdtemp(join(tmpdir(), "thaw-doctor-"))
      stack.defer(() => rm(directory, { recursive: true, force: true }))
      const { accelerator, finding } = await options.probe({
        kernel: options.kernel,
        cachePath: join(directory, "accelerator.json"),
      })
      return accelerator === "kvm" ? ok(finding) : warn(finding, SLOW)
    },
  }
}

/** What `thaw up` makes: the things a sandbox boots from */
export function artifactCheck(name: string, path: string): Check {
  return {
    name,
    look: async () => {
      if (await isReadable(path)) return ok(path)
      return warn(`${path} is missing`, '"thaw up" makes it')
    },
  }
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
