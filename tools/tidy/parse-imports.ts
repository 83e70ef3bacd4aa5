export interface Import {
  readonly specifier: string
  /** From 1 */
  readonly line: number
}

const CLAUSE = String.raw`(?:type\s+)?(?:[\w$]+\s*,?\s*)?(?:\{[^{}]*\}|\*(?:\s*as\s+[\w$]+)?)?\s*from\s*`
const STATEMENT = new RegExp(String.raw`^[ \t]*(?:import|export)\b\s*(?:${CLAUSE})?(["'])( *)\1`, "gm")
const EXPRESSION = /\bimport\(\s*(["'])( *)\1/g

/**
 * Finds what a file imports or re-exports, dynamic imports included.
 *
 * @param code The masked text: import lines inside strings are no imports
 */
export function parseImports(text: string, code: string): Import[] {
  return [...code.matchAll(STATEMENT), ...code.matchAll(EXPRESSION)]
    .map((match) => {
      const end = match.index + match[0].lastIndexOf(match[1] ?? "")
      return {
        specifier: text.slice(end - (match[2] ?? "").length, end),
        line: text.slice(0, match.index).split("\n").length,
      }
    })
    .sort((a, b) => a.line - b.line)
}

/** The package of a specifier, `@scope/name` or `name`; undefined for relative paths and Node's own modules */
export function packageOf(specifier: string): string | undefined {
  if (/^[./#]|^node:/.test(specifier)) return undefined
  const parts = specifier.split("/")
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0]
}
