import { maskSource } from "./mask-source.ts"
import { parseImports, type Import } from "./parse-imports.ts"

export interface Finding {
  readonly file: string
  /** From 1 */
  readonly line: number
  readonly message: string
}

export interface SourceFile {
  /** From the root of the repository, with `/` */
  readonly path: string
  readonly text: string
  /** `text` with comments and the insides of strings blanked */
  readonly code: string
  readonly imports: readonly Import[]
}

export interface Workspace {
  /** Folder, as `packages/model`; empty for the root */
  readonly folder: string
  readonly name: string
  readonly dependencies: readonly string[]
  readonly devDependencies: readonly string[]
}

export interface Document {
  readonly path: string
  readonly text: string
}

/** What the rules look at */
export interface Repo {
  readonly sources: readonly SourceFile[]
  readonly documents: readonly Document[]
  /** Sources that no rule of style applies to, but which use what a workspace declares */
  readonly generated: readonly Document[]
  readonly workspaces: readonly Workspace[]
  /** Every file of the repository */
  readonly paths: ReadonlySet<string>
}

/** A style rule: finds what breaks it */
export type Rule = (repo: Repo) => Finding[]

/** Reads the text of a TypeScript file into what the rules look at */
export function parseSource(path: string, text: string): SourceFile {
  const code = maskSource(text)
  return { path, text, code, imports: parseImports(text, code) }
}

/** The line of an offset, from 1 */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length
}

/** The innermost workspace a file lies in; undefined for files of the root alone */
export function workspaceOf(path: string, workspaces: readonly Workspace[]): Workspace | undefined {
  return workspaces.find(({ folder }) => folder !== "" && path.startsWith(`${folder}/`))
}

/** Whether a file is only run by tests: tests themselves, their helpers (`_x.ts`), suites and fakes */
export function isTestFile(path: string): boolean {
  return path.startsWith("tests/") || /(?:^|\/)_[^/]+\.tsx?$|\.(?:test|suite|fake)\.tsx?$/.test(path)
}

/** Finds every match of a global pattern in the code of the files, comments and strings left out */
export function findInCode(sources: readonly SourceFile[], pattern: RegExp, message: string): Finding[] {
  return sources.flatMap(({ path, code }) =>
    Array.from(code.matchAll(pattern), (match) => ({ file: path, line: lineAt(code, match.index), message })),
  )
}
