import { readdir } from "node:fs/promises"
import { join } from "node:path"

const DEBIAN_ROOT = "/usr/lib/postgresql"

/** Finds the newest PostgreSQL server that Debian's packages have installed: the directory of its programs */
export async function findPostgresBin(): Promise<string> {
  const versions = await readdir(DEBIAN_ROOT).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return []
    throw error
  })
  const newest = versions
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => b - a)[0]
  if (newest === undefined) {
    throw new Error(
      `find a PostgreSQL server: none below ${DEBIAN_ROOT}; install Debian's package "postgresql"`,
    )
  }
  return join(DEBIAN_ROOT, String(newest), "bin")
}
