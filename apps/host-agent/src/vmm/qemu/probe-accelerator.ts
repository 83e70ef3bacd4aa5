import { constants } from "node:fs"
import { access, mkdir, readFile } from "node:fs/promises"
import { dirname } from "node:path"

import { CommandFailedError, run, writeFileAtomic } from "@thaw/linux"
import { z } from "zod"

export interface AcceleratorProbe {
  readonly accelerator: "kvm" | "tcg"
  /** What was found, for people */
  readonly finding: string
  /** Whether it holds until the machine boots again: a guest ran, hung, or took QEMU down */
  readonly isLasting: boolean
}

const cacheSchema = z.strictObject({
  accelerator: z.enum(["kvm", "tcg"]),
  finding: z.string(),
  isLasting: z.literal(true),
})

const KVM_DEVICE = "/dev/kvm"
/** A kernel under KVM reaches its panic in a second or two, also nested */
const PROBE_TIMEOUT_MS = 8_000

/**
 * Finds out whether KVM really runs a guest: `/dev/kvm` may open and guests hang all the same.
 *
 * Boots the kernel without a root file system; it panics and QEMU ends. What was found is kept in `cachePath`, which must not outlive
 * the machine's boot.
 */
export async function probeAccelerator(options: {
  readonly kernel: string
  readonly cachePath: string
  readonly signal?: AbortSignal
}): Promise<AcceleratorProbe> {
  const cached = await readCache(options.cachePath)
  if (cached !== undefined) return cached
  const probe = await probeKvm(options)
  if (probe.isLasting) {
    await mkdir(dirname(options.cachePath), { recursive: true })
    await writeFileAtomic(options.cachePath, JSON.stringify(probe), { mode: 0o644 })
  }
  return probe
}

async function probeKvm(options: {
  readonly kernel: string
  readonly signal?: AbortSignal
}): Promise<AcceleratorProbe> {
  try {
    await access(KVM_DEVICE, constants.R_OK | constants.W_OK)
  } catch {
    return {
      accelerator: "tcg",
      finding: `${KVM_DEVICE} cannot be opened: guests are emulated`,
      isLasting: false,
    }
  }
  try {
    const { durationMs } = await run(planProbe(options.kernel), {
      timeoutMs: PROBE_TIMEOUT_MS,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    return {
      accelerator: "kvm",
      finding: `KVM ran a kernel in ${Math.round(durationMs)} ms`,
      isLasting: true,
    }
  } catch (error) {
    if (!(error instanceof CommandFailedError) || error.aborted) throw error
    const [firstLine] = error.stderr.split("\n")
    const how = error.timedOut
      ? `a guest hung for ${PROBE_TIMEOUT_MS} ms`
      : `QEMU failed on it (${firstLine})`
    const finding = `${KVM_DEVICE} opens but ${how}: guests are emulated`
    return { accelerator: "tcg", finding, isLasting: error.timedOut || error.signal !== null }
  }
}

/** A guest that ends by itself as soon as its kernel has run */
export function planProbe(kernel: string): [string, ...string[]] {
  const options = [
    ["-M", "microvm,acpi=on,rtc=on", "-accel", "kvm", "-cpu", "host", "-m", "128M"],
    ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ["-kernel", kernel, "-append", "console=ttyS0 quiet panic=-1 reboot=t"],
  ]
  return ["qemu-system-x86_64", ...options.flat()]
}

/** What an earlier probe found; undefined also for a file that is not whole */
async function readCache(path: string): Promise<AcceleratorProbe | undefined> {
  try {
    return cacheSchema.parse(JSON.parse(await readFile(path, "utf8")))
  } catch {
    return undefined
  }
}
