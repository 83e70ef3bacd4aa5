import { chmod, mkdir, open, readdir, rename, rm, symlink } from "node:fs/promises"
import { join } from "node:path"

import { syncDirectory } from "@thaw/linux"

const PARTIAL_PREFIX = ".partial-"

/** Where a build of a template takes shape: on the file system it is published on, under a name no reader looks at */
export function partialBuildDir(templateDir: string, buildId: string): string {
  return join(templateDir, `${PARTIAL_PREFIX}${buildId}`)
}

/** Removes what interrupted builds of a template left. The caller holds the set-up lock. */
export async function removePartialBuilds(templateDir: string): Promise<void> {
  await mkdir(templateDir, { recursive: true, mode: 0o755 })
  for (const name of await readdir(templateDir)) {
    if (name.startsWith(PARTIAL_PREFIX)) await rm(join(templateDir, name), { recursive: true, force: true })
  }
}

/**
 * Publishes a finished build under its id and makes it current, each by one rename: a reader, and a machine that loses
 * power, has the build before or this one.
 */
export async function publishBuild(
  templateDir: string,
  buildId: string,
  options: { readonly currentLink: string },
): Promise<void> {
  const partialDir = partialBuildDir(templateDir, buildId)
  for (const name of await readdir(partialDir)) {
    const path = join(partialDir, name)
    await chmod(path, 0o444)
    await using file = await open(path, "r")
    await file.sync()
  }
  await chmod(partialDir, 0o755)
  await syncDirectory(partialDir)
  await rename(partialDir, join(templateDir, buildId))
  const newLink = join(templateDir, `${PARTIAL_PREFIX}${buildId}.link`)
  await symlink(buildId, newLink)
  await rename(newLink, join(templateDir, options.currentLink))
  await syncDirectory(templateDir)
}
