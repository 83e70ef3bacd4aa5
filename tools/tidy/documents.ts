import { posix } from "node:path"

import { lineAt, type Finding, type Repo } from "./repo.ts"

const AGENTS_LINES_MAX = 150
const LINK = /\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)/g
const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]*:|#|\/\/)/i

/** Links between documents and to code lead somewhere */
export function checkLinks(repo: Repo): Finding[] {
  const folders = new Set(Array.from(repo.paths, foldersOf).flat())
  return repo.documents.flatMap(({ path, text }) =>
    Array.from(withoutCode(text).matchAll(LINK), (match) => ({ offset: match.index, target: match[1] ?? "" }))
      .filter(({ target }) => !ELSEWHERE.test(target))
      .filter(({ target }) => {
        const file = decodeURI(target.replace(/[#?].*$/, ""))
        const resolved = file.startsWith("/") ? file.slice(1) : posix.join(posix.dirname(path), file)
        const clean = resolved.replace(/\/$/, "")
        return !repo.paths.has(clean) && !folders.has(clean)
      })
      .map(({ offset, target }) => ({
        file: path,
        line: lineAt(text, offset),
        message: `link to "${target}" leads nowhere`,
      })),
  )
}

/** The map of the repository is read whole, so it stays short */
export function checkAgentsLength({ documents }: Repo): Finding[] {
  return documents
    .filter(({ path }) => posix.basename(path) === "AGENTS.md")
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > AGENTS_LINES_MAX)
    .map(({ path, lines }) => ({
      file: path,
      line: AGENTS_LINES_MAX + 1,
      message: `file has ${lines} lines, at most ${AGENTS_LINES_MAX}`,
    }))
}

/** Blanks fenced blocks and code spans, offsets and lines kept */
function withoutCode(text: string): string {
  return text.replaceAll(/^(```|~~~)[^]*?^\1|`[^`\n]*`/gm, (code) => code.replaceAll(/[^\n]/g, " "))
}

function foldersOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1)
  return [".", ...parts.map((_part, index) => parts.slice(0, index + 1).join("/"))]
}
