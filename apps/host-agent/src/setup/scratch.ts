import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { join, resolve } from "node:path"

/** A directory that is gone once it is disposed */
export interface Scratch extends AsyncDisposable {
  readonly path: string
}

/** Makes an empty directory below `parent` for things in the making; its path is absolute */
export async function openScratch(parent: string): Promise<Scratch> {
  await mkdir(parent, { recursive: true, mode: 0o755 })
  const path = await mkdtemp(join(resolve(parent), "setup-"))
  return {
    path,
    [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true }),
  }
}
