import { join } from "node:path"

import { MIB } from "@thaw/model"

import { buildUuid } from "./build-id.ts"
import type { LocatedRecipe } from "./template-recipe.ts"

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
const FEATURES = ["has_journal", "extent", "64bit", "metadata_csum", "ext_attr", "dir_index", "sparse_super"]

/** Plans the commands that build a template from its recipe */
export function planTemplateBuild(located: LocatedRecipe, paths: TemplateBuildPaths): TemplateBuildPlan {
  const { recipe, directory } = located
  const { buildId, rootDir, rootfsPath } = paths
  const sizeBytes = recipe.sizeMib * MIB
  const blockCount = sizeBytes / BLOCK_BYTES
  return {
    rootDir,
    rootfsPath,
    sizeBytes,
    bootstrap: {
      argv: [
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
    },
    makeFilesystem: {
      argv: [
        "mke2fs",
        "-q",
        "-F",
        ...["-t", "ext4"],
        ...[
          "-O",
          `none,${FEATURES.join(",")},filetype,flex_bg,huge_file,large_file,dir_nlink,extra_isize,resize_inode`,
        ],
        ...["-b", String(BLOCK_BYTES)],
        ...["-I", "256"],
        ...["-N", String(recipe.inodes)],
        ...["-J", `size=${recipe.journalMib}`],
        // No blocks are kept for root: `user` is root whenever it likes.
        ...["-m", "0"],
        ...["-L", `thaw-${recipe.name}`.slice(0, 16)],
        ...["-U", buildUuid(buildId, "rootfs")],
        ...[
          "-E",
          `root_owner=0:0,lazy_itable_init=1,lazy_journal_init=1,hash_seed=${buildUuid(buildId, "hash")}`,
        ],
        ...["-d", rootDir],
        rootfsPath,
        String(blockCount),
      ],
      env: { E2FSPROGS_FAKE_TIME: BUILD_EPOCH, LC_ALL: "C" },
    },
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

/** Reads the output of `listPackages` */
export function parsePackageVersions(output: string): Record<string, string> {
  const versions: Record<string, string> = {}
  for (const line of output.split("\n")) {
    const [name, version] = line.split("\t")
    if (name !== undefined && version !== undefined) versions[name] = version
  }
  return versions
}
