import { readFile, readdir, stat } from "node:fs/promises"
import { join } from "node:path"

import { sha256 } from "./_keeper.ts"

const STAT_BLOCK_BYTES = 512
/** Added to a snapshot once, by the first restore of it */
const WORKING_SET = "working-set"

/** What frozen VMs are made of, by name, below a data directory */
export interface FrozenFiles {
  readonly snapshots: readonly string[]
  readonly builds: readonly string[]
  readonly layers: readonly string[]
  readonly names: readonly string[]
}

export async function listFrozenFiles(dataDir: string): Promise<FrozenFiles> {
  const names = async (directory: string) => (await readdir(join(dataDir, directory))).sort()
  const [snapshots, builds, layers, registered] = await Promise.all(
    ["snapshots", "builds", "layers", "names"].map(names),
  )
  return { snapshots: snapshots ?? [], builds: builds ?? [], layers: layers ?? [], names: registered ?? [] }
}

/** Hashes of all that frozen VMs are made of, by path */
export async function hashFrozenFiles(dataDir: string): Promise<ReadonlyMap<string, string>> {
  const paths = await listPaths(dataDir, ["snapshots", "builds", "layers"])
  const kept = paths.filter((path) => !path.endsWith(WORKING_SET))
  return new Map(await Promise.all(kept.map(async (path) => [path, sha256(await readFile(path))] as const)))
}

/** Disk space of files below a data directory */
export async function allocatedBytes(dataDir: string, directories: readonly string[]): Promise<number> {
  const stats = await Promise.all(
    (await listPaths(dataDir, directories)).map(async (path) => await stat(path)),
  )
  return stats.reduce((total, { blocks }) => total + blocks * STAT_BLOCK_BYTES, 0)
}

/** The snapshot that a name stands for */
export async function snapshotIdOf(dataDir: string, name: string): Promise<string> {
  const text = await readFile(join(dataDir, "names", `${name}.json`), "utf8")
  return (JSON.parse(text) as { snapshotId: string }).snapshotId
}

/** The frozen VMs of base templates */
export async function warmSnapshotIds(dataDir: string): Promise<string[]> {
  const texts = await Promise.all(
    (await listPaths(dataDir, ["warm"])).map(async (path) => await readFile(path, "utf8")),
  )
  return texts.map((text) => (JSON.parse(text) as { snapshotId: string }).snapshotId).sort()
}

async function listPaths(dataDir: string, directories: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    directories.map(async (directory) => {
      const entries = await readdir(join(dataDir, directory), { recursive: true, withFileTypes: true })
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    }),
  )
  return lists.flat()
}
