import { createHash } from "node:crypto"
import { readdir } from "node:fs/promises"
import { join, relative } from "node:path"

import { findProcessesByArgument, listLinks, listNetns, listNftTables } from "@thaw/linux"

/** What sandboxes hold of a machine, by name: equal before and after when nothing leaked */
export interface ResourceLedger {
  readonly namespaces: readonly string[]
  readonly links: readonly string[]
  readonly nftTables: readonly string[]
  /** VMMs of the data directory */
  readonly vmmProcesses: readonly string[]
  /** Pagers of the data directory */
  readonly pagerProcesses: readonly string[]
  /** Memory files and run directories of the data directory's VMs */
  readonly vmFiles: readonly string[]
  /** Files of sandboxes, relative to the data directory */
  readonly files: readonly string[]
  readonly slotClaims: readonly string[]
}

const SLOT_CLAIMS_DIR = "/run/thaw/slots"
const VM_FILE_DIRS = ["/run/thaw/memory", "/run/thaw/vmm"]
/** As the host agent names what lies outside of its data directory */
const DATA_DIR_ID_LENGTH = 8
const PAGER_MAIN = "apps/pager/src/main.ts"
const COMMAND_TIMEOUT_MS = 10_000

/** Reads what the machine, and the data directory, hold at this moment */
export async function readResourceLedger(dataDir: string): Promise<ResourceLedger> {
  const sandboxesDir = join(dataDir, "sandboxes")
  const dataDirId = createHash("sha256").update(dataDir).digest("hex").slice(0, DATA_DIR_ID_LENGTH)
  const [namespaces, links, nftTables, vmms, pagers, vmFiles, files, slotClaims] = await Promise.all([
    listNetns(),
    listLinks(),
    listNftTables({ timeoutMs: COMMAND_TIMEOUT_MS }),
    findProcessesByArgument(`${sandboxesDir}/`),
    findProcessesByArgument(`--data-dir=${dataDir}`),
    Promise.all(VM_FILE_DIRS.map(listNames)),
    listFiles(sandboxesDir),
    listFiles(SLOT_CLAIMS_DIR),
  ])
  return {
    namespaces: [...namespaces].sort(),
    links: [...links].sort(),
    nftTables: nftTables.map(({ family, name }) => `${family} ${name}`).sort(),
    vmmProcesses: vmms.filter(({ argv }) => argv[0]?.includes("qemu")).map(({ pid }) => String(pid)),
    pagerProcesses: pagers
      .filter(({ argv }) => argv.some((argument) => argument.endsWith(PAGER_MAIN)))
      .map(({ pid }) => String(pid)),
    vmFiles: vmFiles
      .flat()
      .filter((name) => name.startsWith(`${dataDirId}-`))
      .sort(),
    files: files.map((path) => relative(dataDir, path)).sort(),
    slotClaims: slotClaims.sort(),
  }
}

async function listFiles(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return []
    throw error
  }
}

async function listNames(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return []
    throw error
  }
}
