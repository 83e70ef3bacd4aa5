import { chmod, chown, mkdir, readdir, rm } from "node:fs/promises"
import { totalmem } from "node:os"
import { dirname, join } from "node:path"

import { ensureTmpfs } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import { nameDiskFull } from "../disk-full.ts"

/**
 * Memory of the running VMs, one file each, on a tmpfs of its own: `/run` need not be one, and a file system on a disk
 * would write the guests' memory to it.
 */
const MEMORY_DIR = "/run/thaw/memory"
/** What a VMM must reach by name once it is its own user, a directory each */
const RUN_DIR = "/run/thaw/vmm"

/** In a run directory: where a restored VM's memory is handed to the pager */
export const PAGER_SOCKET = "uffd.sock"

/** Places of one VM outside the data directory. Disposing removes them and all that is there; the VMM must be gone. */
export interface VmFiles extends AsyncDisposable {
  /** Where the VMM makes the file of its memory */
  readonly memoryPath: string
  /** Only root and the VMM's user may enter, and only root may change what is there */
  readonly runDir: string
}

/** File with the memory of a running VM */
export function memoryPathOf(dataDirId: string, sandboxId: string): string {
  return join(MEMORY_DIR, `${dataDirId}-${sandboxId}`)
}

/** Directory for the sockets of a running VM's VMM */
export function runDirOf(dataDirId: string, sandboxId: string): string {
  return join(RUN_DIR, `${dataDirId}-${sandboxId}`)
}

export interface VmFilesOptions {
  /** Tells what belongs to this data directory where several have theirs */
  readonly dataDirId: string
  readonly sandboxId: string
  /** User that the VMM becomes, its group likewise */
  readonly uid: number
}

/** Makes a VM's places, empty, whatever an earlier VM of the sandbox left there */
export async function openVmFiles({ dataDirId, sandboxId, uid }: VmFilesOptions): Promise<VmFiles> {
  await using stack = new AsyncDisposableStack()
  try {
    await makeParents()
    await removeVmFiles(dataDirId, sandboxId)
    stack.defer(async () => await removeVmFiles(dataDirId, sandboxId))
    const runDir = runDirOf(dataDirId, sandboxId)
    await makeRunDir(runDir, uid)
    const memoryPath = memoryPathOf(dataDirId, sandboxId)
    const owned = stack.move()
    return { memoryPath, runDir, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
  } catch (error) {
    const cause = nameDiskFull(error)
    if (cause instanceof PlatformError) throw cause
    throw new PlatformError("internal", "the sandbox's run directory could not be made", { cause })
  }
}

/** A VMM that could make or exchange a name in it would have root change and remove files of its choice */
async function makeRunDir(path: string, gid: number): Promise<void> {
  await mkdir(path, { mode: 0o700 })
  await chown(path, 0, gid)
  await chmod(path, 0o710)
}

/** The places of a VM that runs already */
export function adoptVmFiles(dataDirId: string, sandboxId: string): VmFiles {
  return {
    memoryPath: memoryPathOf(dataDirId, sandboxId),
    runDir: runDirOf(dataDirId, sandboxId),
    [Symbol.asyncDispose]: async () => await removeVmFiles(dataDirId, sandboxId),
  }
}

/** Removes a VM's places and all that is there; fine when they are gone already */
export async function removeVmFiles(dataDirId: string, sandboxId: string): Promise<void> {
  await rm(memoryPathOf(dataDirId, sandboxId), { force: true })
  await rm(runDirOf(dataDirId, sandboxId), { recursive: true, force: true })
}

/** Lists the sandboxes of a data directory that have a place of either kind, running or not */
export async function listVmFiles(dataDirId: string): Promise<string[]> {
  const prefix = `${dataDirId}-`
  const names = [...(await listIfThere(MEMORY_DIR)), ...(await listIfThere(RUN_DIR))]
  const ids = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  return [...new Set(ids)].sort()
}

/**
 * The tmpfs may fill the machine's memory: what guests get of it is counted elsewhere, and a guest that finds it full loses
 * its VMM by SIGBUS.
 */
async function makeParents(): Promise<void> {
  await mkdir(dirname(RUN_DIR), { recursive: true, mode: 0o755 })
  await mkdir(RUN_DIR, { recursive: true })
  // Passable for the users of all VMMs, readable for none.
  await chmod(RUN_DIR, 0o711)
  ensureTmpfs(MEMORY_DIR, { mode: 0o700, sizeBytes: totalmem() })
}

async function listIfThere(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return []
    throw error
  }
}
