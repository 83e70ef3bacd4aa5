import { readFile, readdir, readlink, stat } from "node:fs/promises"
import { basename, join } from "node:path"

import { PlatformError, TEMPLATE_NAME_PATTERN, type TemplateName } from "@thaw/model"

import type { HostPaths } from "../host-paths.ts"
import { isBuildId } from "./build-id.ts"
import { buildTemplate, type BuildTemplateOptions } from "./build-template.ts"
import { CURRENT_LINK, MANIFEST_FILE, ROOTFS_FILE } from "./template-files.ts"
import { parseTemplateManifest, type TemplateManifest } from "./template-manifest.ts"

/** The current build of a template */
export interface Template {
  readonly name: TemplateName
  readonly buildId: string
  /** Immutable; other builds have other paths */
  readonly rootfsPath: string
  /** Of the root file system as the guest sees it */
  readonly sizeBytes: number
  readonly manifest: TemplateManifest
}

type TemplatePaths = Pick<HostPaths, "templatesDir" | "scratchDir">

/** The templates of one host: `<name>/<build id>/`, and the link `<name>/current` */
export class TemplateStore {
  readonly #paths: TemplatePaths

  constructor(paths: TemplatePaths) {
    this.#paths = paths
  }

  /** The current build of a template. Raises `not_found` when there is none. */
  async open(name: TemplateName): Promise<Template> {
    const template = await this.#find(name)
    if (template !== undefined) return template
    throw new PlatformError(
      "not_found",
      `template "${name}" does not exist: "thaw template build ${name}" builds it`,
      {
        details: { template: name },
      },
    )
  }

  /** All templates that have a build, by name */
  async list(): Promise<Template[]> {
    const names = await readdir(this.#paths.templatesDir).catch(ifMissing<string[]>([]))
    const valid = names.filter((name): name is TemplateName => TEMPLATE_NAME_PATTERN.test(name)).sort()
    const templates: Template[] = []
    for (const name of valid) {
      const template = await this.#find(name)
      if (template !== undefined) templates.push(template)
    }
    return templates
  }

  /** Builds a template from its recipe in `images/` and makes it current. Sandboxes of older builds keep theirs. */
  async build(name: TemplateName, options: BuildTemplateOptions): Promise<Template> {
    await buildTemplate({ name, paths: this.#paths }, options)
    return await this.open(name)
  }

  async #find(name: TemplateName): Promise<Template | undefined> {
    const directory = join(this.#paths.templatesDir, name)
    const target = await readlink(join(directory, CURRENT_LINK)).catch(ifMissing(undefined))
    if (target === undefined) return undefined
    const buildId = basename(target)
    if (!isBuildId(buildId)) throw new Error(`link "${join(directory, CURRENT_LINK)}" does not name a build`)
    const manifest = parseTemplateManifest(await readFile(join(directory, buildId, MANIFEST_FILE), "utf8"))
    const rootfsPath = join(directory, buildId, ROOTFS_FILE)
    const { size } = await stat(rootfsPath)
    if (size !== manifest.rootfs.sizeBytes) {
      throw new Error(
        `rootfs "${rootfsPath}" has ${size} bytes, its manifest says ${manifest.rootfs.sizeBytes}`,
      )
    }
    return { name, buildId, rootfsPath, sizeBytes: size, manifest }
  }
}

function ifMissing<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return value
    throw error
  }
}
