import { join } from "node:path"

import { MIB } from "@thaw/model"

import { buildUuid } from "./build-id.ts"
import type { LocatedRecipe, TemplateRecipe } from "./template-recipe.ts"

export interface TemplateBuildPlan {
  readonly rootDir: string
  readonly rootfsPath: string
  readonly sizeBytes: number
  /** Fills `rootDir` */
  readonly bootstrap: TemplateCommand
  /** Makes the file system at `rootfsPath` of it, without mounting anything */
  readonly makeFilesystem: TemplateCommand
  /** Prints the installed packages and their versions, tab-separated */
  readonly listPackages: TemplateCommand
}

export interface TemplateCommand {
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
}

export interface TemplateBuildPaths {
  readonly buildId: string
  /** Root directory of the template, deleted after the build */
  readonly rootDir: string
  readonly rootfsPath: string
}

/** Seconds since 1970 that stand in for the time of a build, so that builds differ in content only */
const BUILD_EPOCH = "1767225600"
const BLOCK_BYTES = 4096
/** Named one by one, so that the host's mke2fs.conf does not decide */
const FEATURES = [
  "64bit",
  "dir_index",
  "dir_nlink",
  "ext_attr",
  "extent",
  "extra_isize",
  "filetype",
  "flex_bg",
  "has_journal",
  "huge_file",
  "large_file",
  "metadata_csum",
  "sparse_super",
]

/** Plans the commands that build a template from its recipe */
export function planTemplateBuild(located: LocatedRecipe, paths: TemplateBuildPaths): TemplateBuildPlan {
  const { rootDir, rootfsPath } = paths
  return {
    rootDir,
    rootfsPath,
    sizeBytes: located.recipe.sizeMib * MIB,
    bootstrap: planBootstrap(located, rootDir),
    makeFilesystem: planMakeFilesystem(located.recipe, paths),
    listPackages: {
      argv: [
        "dpkg-query",
        `--admindir=${join(rootDir, "var/lib/dpkg")}`,
        "-W",
        "-f=${Package}\\t${Version}\\n",
      ],
      env: { LC_ALL: "C" },
    },
  }
}

function planBootstrap({ recipe, directory }: LocatedRecipe, rootDir: string): TemplateCommand {
  return {
    argv: [
      // In namespaces of its own: when it is ended, so is every program it started, and no mount is left.
      "unshare",
      "--mount",
      "--pid",
      "--fork",
      "--kill-child",
      "--mount-proc",
      "mmdebstrap",
      "--mode=root",
      "--variant=apt",
      "--format=directory",
      "--dpkgopt=force-unsafe-io",
      ...recipe.excludedPaths.map((path) => `--dpkgopt=path-exclude=${path}`),
      ...recipe.includedPaths.map((path) => `--dpkgopt=path-include=${path}`),
      '--aptopt=APT::Install-Recommends "false"',
      `--include=${recipe.packages.join(",")}`,
      `--customize-hook=${join(directory, "customize.sh")}`,
      recipe.suite,
      rootDir,
    ],
    env: { SOURCE_DATE_EPOCH: BUILD_EPOCH, THAW_RECIPE_DIR: directory, LC_ALL: "C.UTF-8" },
  }
}

function planMakeFilesystem(recipe: TemplateRecipe, paths: TemplateBuildPaths): TemplateCommand {
  const { buildId, rootDir, rootfsPath } = paths
  return {
    argv: [
      "mke2fs",
      "-q",
      "-F",
      "-t",
      "ext4",
      "-O",
      `none,${FEATURES.join(",")}`,
      "-b",
      String(BLOCK_BYTES),
      "-I",
      "256",
      "-N",
      String(recipe.inodes),
      "-J",
      `size=${recipe.journalMib}`,
      // No blocks are kept for root: `user` is root whenever it likes.
      "-m",
      "0",
      "-L",
      `thaw-${recipe.name}`.slice(0, 16),
      "-U",
      buildUuid(buildId, "rootfs"),
      "-E",
      `root_owner=0:0,lazy_itable_init=1,lazy_journal_init=1,hash_seed=${buildUuid(buildId, "hash")}`,
      "-d",
      rootDir,
      rootfsPath,
      String((recipe.sizeMib * MIB) / BLOCK_BYTES),
    ],
    env: { E2FSPROGS_FAKE_TIME: BUILD_EPOCH, LC_ALL: "C" },
  }
}

/** Reads the output of `listPackages` */
export function parsePackageVersions(output: string): Record<string, string> {
  const versions: Record<string, string> = {}
  for (const line of output.split("\n")) {
    const [name, version] = line.split("\t")
    if (name !== undefined && version !== undefined) versions[name] = version
  }
  return versions
}
