import { randomBytes } from "node:crypto"
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"

import { STAT_BLOCK_BYTES, run } from "@thaw/linux"
import { GIB, PlatformError, type TemplateName } from "@thaw/model"

import type { HostPaths } from "../host-paths.ts"
import { formatBuildId } from "./build-id.ts"
import { checkFreeSpace } from "./free-space.ts"
import {
  parsePackageVersions,
  planTemplateBuild,
  type TemplateBuildPlan,
  type TemplateCommand,
} from "./plan-template-build.ts"
import { partialBuildDir, publishBuild, removePartialBuilds } from "./publish-build.ts"
import { formatTemplateManifest } from "./template-manifest.ts"
import { readTemplateRecipe, type LocatedRecipe } from "./template-recipe.ts"
import { CURRENT_LINK, MANIFEST_FILE, ROOTFS_FILE } from "./template-files.ts"

export interface BuildTemplateOptions {
  /** Root of the source tree, which holds `images/` */
  readonly sourceDir: string
  readonly onProgress?: (message: string) => void
  readonly signal?: AbortSignal
}

export interface TemplateTarget {
  readonly name: TemplateName
  readonly paths: Pick<HostPaths, "templatesDir" | "scratchDir">
}

/** Downloads some 90 MB; a slow line takes its time */
const BOOTSTRAP_TIMEOUT_MS = 15 * 60_000
const MAKE_FILESYSTEM_TIMEOUT_MS = 5 * 60_000
const LIST_PACKAGES_TIMEOUT_MS = 30_000
/** The root directory, and the same again as a file system */
const FREE_BYTES_MIN = 2 * GIB

/**
 * Builds a template from its recipe and makes it current. Needs root; mounts nothing outside a namespace of its own.
 *
 * The caller holds the set-up lock. When it fails, the template is as it was.
 *
 * @returns The id of the new build
 */
export async function buildTemplate(target: TemplateTarget, options: BuildTemplateOptions): Promise<string> {
  const { name, paths } = target
  const { signal } = options
  const report = options.onProgress ?? (() => undefined)
  const located = await readRecipe(options.sourceDir, name)
  const createdAt = new Date()
  const buildId = formatBuildId(createdAt, randomBytes(16))
  const templateDir = join(paths.templatesDir, name)

  await removePartialBuilds(templateDir)
  await mkdir(paths.scratchDir, { recursive: true })
  await checkFreeSpace(paths.scratchDir, FREE_BYTES_MIN)
  await checkFreeSpace(templateDir, FREE_BYTES_MIN)
  await using stack = new AsyncDisposableStack()
  const scratchDir = await mkdtemp(join(resolve(paths.scratchDir), "template-"))
  stack.defer(async () => await rm(scratchDir, { recursive: true, force: true }))
  const partialDir = partialBuildDir(templateDir, buildId)
  await mkdir(partialDir)
  stack.defer(async () => await rm(partialDir, { recursive: true, force: true }))

  const plan = planTemplateBuild(located, {
    buildId,
    rootDir: join(scratchDir, "root"),
    rootfsPath: join(partialDir, ROOTFS_FILE),
  })
  report(`installing ${located.recipe.packages.length} packages of Debian ${located.recipe.suite}`)
  await runCommand(plan.bootstrap, { timeoutMs: BOOTSTRAP_TIMEOUT_MS, signal })
  const packages = await listPackages(plan, signal)
  report(`writing the file system, ${Object.keys(packages).length} packages`)
  await runCommand(plan.makeFilesystem, { timeoutMs: MAKE_FILESYSTEM_TIMEOUT_MS, signal })
  const { size, blocks } = await stat(plan.rootfsPath)
  const manifest = formatTemplateManifest({
    formatVersion: 1,
    name,
    buildId,
    createdAt: createdAt.toISOString(),
    recipeHash: located.hash,
    packages,
    rootfs: { sizeBytes: size, allocatedBytes: blocks * STAT_BLOCK_BYTES },
  })
  await writeFile(join(partialDir, MANIFEST_FILE), manifest)
  await publishBuild(templateDir, buildId, { currentLink: CURRENT_LINK })
  return buildId
}

async function readRecipe(sourceDir: string, name: TemplateName): Promise<LocatedRecipe> {
  try {
    return await readTemplateRecipe(sourceDir, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
    throw new PlatformError("not_found", `no recipe of a template "${name}" in "images/"`, { cause: error })
  }
}

async function listPackages(
  plan: TemplateBuildPlan,
  signal: AbortSignal | undefined,
): Promise<Record<string, string>> {
  const { stdout } = await runCommand(plan.listPackages, { timeoutMs: LIST_PACKAGES_TIMEOUT_MS, signal })
  return parsePackageVersions(stdout)
}

async function runCommand(
  command: TemplateCommand,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
) {
  const { timeoutMs, signal } = options
  return await run(command.argv, { timeoutMs, env: command.env, ...(signal === undefined ? {} : { signal }) })
}
