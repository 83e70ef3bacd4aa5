import { basename } from "node:path/posix"

import { findInCode, isTestFile, lineAt, type Finding, type Repo, type SourceFile } from "./repo.ts"

const EXEC_FOLDER = "packages/linux/src/exec/"
const BANNED_STEMS = new Set([
  "utils",
  "util",
  "helpers",
  "helper",
  "common",
  "manager",
  "types",
  "service",
  "misc",
])
// Written so that it does not find itself.
const LEFTOVERS = /\b(?:FIX[M]E|TO[D]O|X{3})\b/g

/** Commands are run in one place, which gives each a deadline and a limit on its output */
export function checkChildProcess(repo: Repo): Finding[] {
  return repo.sources
    .filter(({ path }) => !isTestFile(path) && !path.startsWith(EXEC_FOLDER))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier }) => /^(?:node:)?child_process$/.test(specifier))
        .map(({ line }) => ({
          file: path,
          line,
          message: `only ${EXEC_FOLDER} may import "node:child_process"`,
        })),
    )
}

/** The environment is read where configuration is made, and passed on as a value */
export function checkProcessEnv(repo: Repo): Finding[] {
  const sources = repo.sources.filter(
    ({ path }) =>
      !isTestFile(path) &&
      !path.startsWith("tools/") &&
      !path.startsWith(EXEC_FOLDER) &&
      !["config.ts", "read-env.ts", "vitest.config.ts"].includes(basename(path)),
  )
  return findInCode(sources, /\bprocess\s*\.\s*env\b/g, "only config.ts and read-env.ts may read process.env")
}

/** A file or folder is named by its concept */
export function checkFileNames(repo: Repo): Finding[] {
  return repo.sources.flatMap(({ path }) => {
    const banned = path.split("/").find((part) => BANNED_STEMS.has(part.split(".")[0] ?? ""))
    return banned === undefined
      ? []
      : [{ file: path, line: 1, message: `"${banned}" says nothing of what is in it; name the concept` }]
  })
}

/** Re-exports name what they export, so that a package's surface can be read */
export function checkExportStar({ sources }: Repo): Finding[] {
  return findInCode(sources, /\bexport\s+(?:type\s+)?\*\s*from\b/g, "re-export by name, not with *")
}

/** Node strips types and does not compile: an enumeration is a union of strings or a table */
export function checkEnums({ sources }: Repo): Finding[] {
  return findInCode(
    sources,
    /^[ \t]*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s+\w/gm,
    "use a union of strings instead of an enum",
  )
}

/** One name for a thing everywhere; tools that read a default export have configuration files */
export function checkDefaultExports({ sources }: Repo): Finding[] {
  return findInCode(
    sources.filter(({ path }) => !path.endsWith(".config.ts")),
    /^[ \t]*export\s+default\b|\bas\s+default\b/gm,
    "export by name, not as default",
  )
}

/** What is left to do stands in the tracker */
export function checkLeftovers({ sources }: Repo): Finding[] {
  return sources.flatMap(({ path, text }: SourceFile) =>
    Array.from(text.matchAll(LEFTOVERS), (match) => ({
      file: path,
      line: lineAt(text, match.index),
      message: `resolve this ${match[0]} before it is committed`,
    })),
  )
}
