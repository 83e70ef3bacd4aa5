import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises"
import { join, resolve } from "node:path"

/** A directory that is gone once it is disposed */
export interface Scratch extends AsyncDisposable {
  readonly path: string
}

/** What set-ups and builds of templates call their directories below `scratchDir` */
const PREFIXES = ["setup-", "template-"] as const
/** A program that a killed set-up left may still be writing */
const REMOVE_RETRIES_MAX = 5

/**
 * Makes an empty directory below `parent` for things in the making; its path is absolute. First removes those that set-ups
 * and builds left which were killed.
 *
 * The caller holds the set-up lock.
 */
export async function openScratch(parent: string): Promise<Scratch> {
  await mkdir(parent, { recursive: true, mode: 0o755 })
  for (const name of await readdir(parent)) {
    if (PREFIXES.some((prefix) => name.startsWith(prefix))) await remove(join(parent, name))
  }
  const path = await mkdtemp(join(resolve(parent), PREFIXES[0]))
  return { path, [Symbol.asyncDispose]: async () => await remove(path) }
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: REMOVE_RETRIES_MAX })
}
