import { createHash } from "node:crypto"
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { CommandFailedError, run, syncDirectory, writeFileAtomic } from "@thaw/linux"

import { readArtifactRecord, writeArtifactRecord } from "./artifact-record.ts"
import { isElf64 } from "./elf.ts"
import { updateIndexes } from "./install-packages.ts"
import { isFileOfSize } from "./is-file-of-size.ts"
import { KERNEL_META_PACKAGE, parseKernelDependency, readKernelPayload } from "./kernel-package.ts"
import { KERNELS_DIR, MODULES_DIR, VMLINUX_FILE } from "./kernel-files.ts"
import { signalOption, type SetupContext, type SetupStep } from "./setup-step.ts"

const QUERY_TIMEOUT_MS = 30_000
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000
const UNPACK_TIMEOUT_MS = 2 * 60_000
const SYNC_TIMEOUT_MS = 5 * 60_000

/**
 * Downloads Debian's kernel for virtual machines and unpacks it, without installing it on the host.
 *
 * It goes to a directory of its own below `kernels/`; the step after this one puts kernel and initramfs, which belong
 * together, where sandboxes boot from.
 */
export const kernelStep: SetupStep = {
  name: "kernel",
  check: async ({ paths }) => {
    const record = await readArtifactRecord(paths.artifactsDir, "kernel")
    if (record === undefined) return undefined
    const vmlinux = join(paths.artifactsDir, KERNELS_DIR, record.directory, VMLINUX_FILE)
    const isThere = await isFileOfSize(vmlinux, record.sizeBytes)
    return isThere ? `kernel ${record.release} is there` : undefined
  },
  apply: async (context) => {
    const { paths } = context
    const packageName = await resolveKernelPackage(context)
    context.report(`downloading ${packageName}`)
    const { packageVersion, rootDir } = await downloadAndUnpack(packageName, context)
    const release = await readOnlyEntry(join(rootDir, "lib/modules"))
    context.report("unpacking the kernel's image")
    const image = await readFile(join(rootDir, "boot", `vmlinuz-${release}`))
    const vmlinux = await uncompress(image, context)

    const directory = packageVersion.replaceAll(/[^A-Za-z0-9.+~_-]/g, "_")
    const kernelsDir = join(paths.artifactsDir, KERNELS_DIR)
    const partialDir = join(kernelsDir, ".partial")
    await rm(partialDir, { recursive: true, force: true })
    await mkdir(partialDir, { recursive: true, mode: 0o755 })
    await run(["cp", "-a", join(rootDir, "lib/modules", release, "."), join(partialDir, MODULES_DIR)], {
      timeoutMs: UNPACK_TIMEOUT_MS,
      ...signalOption(context),
    })
    await writeFileAtomic(join(partialDir, VMLINUX_FILE), vmlinux, { mode: 0o644 })
    // The modules are many files; they must be on the disk before the record says that they are there.
    await run(["sync", "--file-system", partialDir], { timeoutMs: SYNC_TIMEOUT_MS, ...signalOption(context) })
    await rm(join(kernelsDir, directory), { recursive: true, force: true })
    await rename(partialDir, join(kernelsDir, directory))
    await syncDirectory(kernelsDir)
    await writeArtifactRecord(paths.artifactsDir, "kernel", {
      release,
      packageVersion,
      directory,
      sizeBytes: vmlinux.length,
      sha256: createHash("sha256").update(vmlinux).digest("hex"),
    })
    return `kernel ${release}`
  },
}

async function resolveKernelPackage(context: SetupContext): Promise<string> {
  const found = await queryKernelPackage(context)
  if (found !== undefined) return found
  await updateIndexes(context)
  const afterUpdate = await queryKernelPackage(context)
  if (afterUpdate !== undefined) return afterUpdate
  throw new Error(`no package source of this host has "${KERNEL_META_PACKAGE}"`)
}

async function queryKernelPackage(context: SetupContext): Promise<string | undefined> {
  try {
    const { stdout } = await run(["apt-cache", "depends", KERNEL_META_PACKAGE], {
      timeoutMs: QUERY_TIMEOUT_MS,
      env: { LC_ALL: "C" },
      ...signalOption(context),
    })
    return parseKernelDependency(stdout)
  } catch (error) {
    // apt-cache says 100 for a package it does not know.
    if (error instanceof CommandFailedError && error.exitCode === 100) return undefined
    throw error
  }
}

async function downloadAndUnpack(packageName: string, context: SetupContext) {
  const downloadDir = join(context.paths.scratchDir, "kernel")
  const rootDir = join(downloadDir, "root")
  await mkdir(rootDir, { recursive: true })
  // apt gives its helper user up by itself where it cannot write, and warns; naming root says that this is meant.
  const argv = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3"] as const
  const download = async () =>
    await run([...argv, "download", packageName], {
      timeoutMs: DOWNLOAD_TIMEOUT_MS,
      cwd: downloadDir,
      ...signalOption(context),
    })
  try {
    await download()
  } catch (error) {
    if (!(error instanceof CommandFailedError) || error.aborted) throw error
    // Old indexes name versions that the archive no longer has.
    await updateIndexes(context)
    await download()
  }
  const file = (await readdir(downloadDir)).find((name) => name.endsWith(".deb"))
  if (file === undefined) throw new Error(`apt-get downloaded no file of package "${packageName}"`)
  const path = join(downloadDir, file)
  const options = { timeoutMs: UNPACK_TIMEOUT_MS, ...signalOption(context) }
  await run(["dpkg-deb", "-x", path, rootDir], options)
  const { stdout } = await run(["dpkg-deb", "-f", path, "Version"], options)
  return { rootDir, packageVersion: stdout.trim() }
}

async function readOnlyEntry(directory: string): Promise<string> {
  const [name, ...others] = await readdir(directory)
  if (name === undefined || others.length > 0) {
    throw new Error(
      `kernel package has ${others.length + (name === undefined ? 0 : 1)} module trees, expected one`,
    )
  }
  return name
}

async function uncompress(image: Buffer, context: SetupContext): Promise<Buffer> {
  const { compressed, sizeBytes } = readKernelPayload(image)
  const compressedPath = join(context.paths.scratchDir, "vmlinux.lz4")
  const path = join(context.paths.scratchDir, "vmlinux")
  await writeFile(compressedPath, compressed)
  await run(["lz4", "-d", "-q", "-f", compressedPath, path], {
    timeoutMs: UNPACK_TIMEOUT_MS,
    ...signalOption(context),
  })
  const vmlinux = await readFile(path)
  if (vmlinux.length !== sizeBytes || !isElf64(vmlinux)) {
    throw new Error(
      `kernel uncompressed to ${vmlinux.length} bytes, its image says ${sizeBytes} bytes of an ELF file`,
    )
  }
  return vmlinux
}
