import { createHash } from "node:crypto"
import { readFile, readdir, stat } from "node:fs/promises"
import { join, relative } from "node:path"

export interface HashTreeOptions {
  /** Hashed first, to tell apart uses of the same tree */
  readonly salt: string
  /** Names of directories that are left out, wherever they are */
  readonly excludedNames?: readonly string[]
}

/** Hashes names, executable bits and content of all files below a directory; SHA-256, hexadecimal */
export async function hashTree(directory: string, options: HashTreeOptions): Promise<string> {
  const hash = createHash("sha256").update(`${options.salt}\0`)
  for (const path of (await listFiles(directory, options.excludedNames ?? [])).sort()) {
    const content = await readFile(path)
    const { mode } = await stat(path)
    const kind = (mode & 0o111) === 0 ? "file" : "program"
    hash.update(`${relative(directory, path)}\0${kind}\0${content.length}\0`).update(content)
  }
  return hash.digest("hex")
}

async function listFiles(directory: string, excludedNames: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (excludedNames.includes(entry.name)) continue
    const path = join(directory, entry.name)
    if (entry.isDirectory()) files.push(...(await listFiles(path, excludedNames)))
    else if (entry.isFile()) files.push(path)
  }
  return files
}
