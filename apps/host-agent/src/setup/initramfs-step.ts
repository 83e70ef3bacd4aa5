import { createHash } from "node:crypto"
import { readFile, readdir, rename } from "node:fs/promises"
import { join } from "node:path"

import { syncDirectory, writeFileAtomic } from "@thaw/linux"

import { type ArtifactRecord, readArtifactRecord, writeArtifactRecord } from "./artifact-record.ts"
import { moduleName, parseModuleDependencies, planGuestModules } from "./guest-modules.ts"
import { planInitramfs } from "./initramfs-plan.ts"
import { isFileOfSize } from "./is-file-of-size.ts"
import { KERNELS_DIR, MODULES_DIR, VMLINUX_FILE } from "./kernel-files.ts"
import { encodeNewcArchive } from "./newc-archive.ts"
import type { SetupContext, SetupStep } from "./setup-step.ts"

/** Of Debian's busybox-static */
const BUSYBOX_PATH = "/bin/busybox"

/**
 * Makes the initramfs, and puts it and its kernel where sandboxes boot from.
 *
 * It is not compressed: uncompressing 3 MB takes an emulated guest longer than the VMM takes to read them.
 */
export const initramfsStep: SetupStep = {
  name: "initramfs",
  check: async (context) => {
    const { paths } = context
    const record = await readArtifactRecord(paths.artifactsDir, "initramfs")
    if (record === undefined || !(await isFileOfSize(paths.initramfs, record.sizeBytes))) return undefined
    const { sourceHash, kernel } = await encodeInitramfs(context)
    if (!(await isFileOfSize(paths.kernel, kernel.sizeBytes))) return undefined
    return record.sourceHash === sourceHash ? "made from this kernel and this guest agent" : undefined
  },
  apply: async (context) => {
    const { paths } = context
    const { archive, kernel, sourceHash } = await encodeInitramfs(context)
    const newKernel = `${paths.kernel}.new`
    const vmlinux = await readFile(join(paths.artifactsDir, KERNELS_DIR, kernel.directory, VMLINUX_FILE))
    await writeFileAtomic(newKernel, vmlinux, { mode: 0o644 })
    await writeFileAtomic(`${paths.initramfs}.new`, archive, { mode: 0o644 })
    // The two belong together; nothing comes between these renames but the loss of power, and then this step runs again.
    await rename(newKernel, paths.kernel)
    await rename(`${paths.initramfs}.new`, paths.initramfs)
    await syncDirectory(paths.artifactsDir)
    await writeArtifactRecord(paths.artifactsDir, "initramfs", {
      sourceHash,
      kernelRelease: kernel.release,
      sizeBytes: archive.length,
    })
    return `${Math.ceil(archive.length / 1024)} KiB for kernel ${kernel.release}`
  },
}

interface EncodedInitramfs {
  readonly archive: Buffer
  readonly kernel: ArtifactRecord<"kernel">
  /** Of the archive and of the kernel it belongs to */
  readonly sourceHash: string
}

async function encodeInitramfs({ paths }: SetupContext): Promise<EncodedInitramfs> {
  const kernel = await readArtifactRecord(paths.artifactsDir, "kernel")
  if (kernel === undefined) throw new Error("no kernel is recorded, which the initramfs is made for")
  const modulesDir = join(paths.artifactsDir, KERNELS_DIR, kernel.directory, MODULES_DIR)
  const [busybox, guestAgent, modules] = await Promise.all([
    readFile(BUSYBOX_PATH),
    readFile(paths.guestAgent),
    readGuestModules(modulesDir),
  ])
  const archive = encodeNewcArchive(planInitramfs({ busybox, guestAgent, modules }))
  const sourceHash = createHash("sha256").update(kernel.sha256).update(archive).digest("hex")
  return { archive, kernel, sourceHash }
}

async function readGuestModules(modulesDir: string): Promise<{ path: string; content: Buffer }[]> {
  const files = await readdir(join(modulesDir, "kernel"), { recursive: true })
  const builtin = await readFile(join(modulesDir, "modules.builtin"), "utf8")
  const contents = new Map<string, Buffer>()
  const dependencies = new Map<string, readonly string[]>()
  for (const path of planGuestModules({ files, builtin, dependencies: new Map() })) {
    const content = await readFile(join(modulesDir, "kernel", path))
    contents.set(path, content)
    dependencies.set(moduleName(path), parseModuleDependencies(content))
  }
  return planGuestModules({ files, builtin, dependencies }).map((path) => ({
    path,
    content: contents.get(path) ?? Buffer.alloc(0),
  }))
}
