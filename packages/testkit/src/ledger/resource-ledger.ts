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
  /** Files of sandboxes, relative to the data directory */
  readonly files: readonly string[]
  readonly slotClaims: readonly string[]
}

const SLOT_CLAIMS_DIR = "/run/thaw/slots"
const COMMAND_TIMEOUT_MS = 10_000

/** Reads what the machine, and the data directory, hold at this moment */
export async function readResourceLedger(dataDir: string): Promise<ResourceLedger> {
  const sandboxesDir = join(dataDir, "sandboxes")
  const [namespaces, links, nftTables, vmms, files, slotClaims] = await Promise.all([
    listNetns(),
    listLinks(),
    listNftTables({ timeoutMs: COMMAND_TIMEOUT_MS }),
    findProcessesByArgument(`${sandboxesDir}/`),
    listFiles(sandboxesDir),
    listFiles(SLOT_CLAIMS_DIR),
  ])
  return {
    namespaces: [...namespaces].sort(),
    links: [...links].sort(),
    nftTables: nftTables.map(({ family, name }) => `${family} ${name}`).sort(),
    vmmProcesses: vmms.filter(({ argv }) => argv[0]?.includes("qemu")).map(({ pid }) => String(pid)),
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
