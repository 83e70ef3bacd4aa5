import { posix } from "node:path"

import { packageOf } from "./parse-imports.ts"
import { isTestFile, workspaceOf, type Finding, type Repo, type SourceFile, type Workspace } from "./repo.ts"

/** A package may import those before it */
const PACKAGE_ORDER = ["model", "snapshot-format", "api", "rpc", "linux", "sdk", "testkit"]
const PURE_PACKAGES = ["model", "snapshot-format", "api"]
/** For tests alone */
const TEST_PACKAGE = "packages/testkit"
/** The only app that may import other apps */
const TOP_APP = "apps/cli"

/** Imports go one way: down the list of packages, from apps to packages, from the CLI to apps */
export function checkLayers(repo: Repo): Finding[] {
  return eachImport(repo, (file, specifier) => {
    const from = workspaceOf(file.path, repo.workspaces)
    const to = repo.workspaces.find(({ name, folder }) => folder !== "" && name === packageOf(specifier))
    if (to === undefined || from === to) return undefined
    if (to.folder === TEST_PACKAGE) {
      return isTestFile(file.path) ? undefined : `only tests may import "${to.name}"`
    }
    return from === undefined ? undefined : forbidden(from, to)
  })
}

function forbidden(from: Workspace, to: Workspace): string | undefined {
  const fromApp = from.folder.startsWith("apps/")
  if (to.folder.startsWith("apps/")) {
    if (!fromApp) return `a package must not import the app "${to.name}"`
    return from.folder === TOP_APP ? undefined : `only ${TOP_APP} may import another app, here "${to.name}"`
  }
  if (fromApp || layerOf(to) < layerOf(from)) return undefined
  return `${from.folder} may import only packages above it in the list of layers, not "${to.name}"`
}

/** A package that is not in the list stands below all others: it may import them, none may import it */
function layerOf(workspace: Workspace): number {
  const index = PACKAGE_ORDER.indexOf(workspace.folder.replace("packages/", ""))
  return index === -1 ? PACKAGE_ORDER.length : index
}

/** Pure packages do without Node, so that they run anywhere and can be tested by table */
export function checkPurePackages(repo: Repo): Finding[] {
  return eachImport(repo, (file, specifier) => {
    const folder = workspaceOf(file.path, repo.workspaces)?.folder
    const isPure = PURE_PACKAGES.some((name) => folder === `packages/${name}`)
    return isPure && specifier.startsWith("node:") && !isTestFile(file.path)
      ? `${folder} is pure and must not import "${specifier}"`
      : undefined
  })
}

/** Another package is imported by its name: what it does not export is its own */
export function checkPackageBorders(repo: Repo): Finding[] {
  return eachImport(repo, (file, specifier) => {
    const from = workspaceOf(file.path, repo.workspaces)
    if (from === undefined || !specifier.startsWith(".")) return undefined
    const target = posix.join(posix.dirname(file.path), specifier)
    if (target.startsWith(`${from.folder}/`)) return undefined
    return `"${specifier}" leads out of ${from.folder}; import the package by its name`
  })
}

function eachImport(
  repo: Repo,
  check: (file: SourceFile, specifier: string) => string | undefined,
): Finding[] {
  return repo.sources.flatMap((file) =>
    file.imports.flatMap(({ specifier, line }) => {
      const message = check(file, specifier)
      return message === undefined ? [] : [{ file: file.path, line, message }]
    }),
  )
}
