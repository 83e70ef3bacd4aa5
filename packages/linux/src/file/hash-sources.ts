import { createHash } from "node:crypto"
import { readFile, readdir } from "node:fs/promises"
import { join, relative } from "node:path"

/**
 * Hashes the TypeScript sources below some directories, names and contents, so that a process can tell whether another runs the same. Tests and
 * their fixtures do not count: they run nowhere.
 *
 * @returns SHA-256 in hexadecimal
 */
export async function hashSources(directories: readonly string[]): Promise<string> {
  const hash = createHash("sha256")
  for (const directory of directories) {
    for (const path of await listSources(directory)) {
      hash.update(`${relative(directory, path)}\0`).update(await readFile(path))
    }
  }
  return hash.digest("hex")
}

async function listSources(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter(({ name }) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.startsWith("_"))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
}
