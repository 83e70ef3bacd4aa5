export interface FunctionRange {
  /** Line of the body's opening brace, from 1 */
  readonly firstLine: number
  readonly lastLine: number
  /** Whether it is an arrow function given to a call */
  readonly isCallback: boolean
}

interface OpenBrace {
  readonly line: number
  readonly kind: "function" | "callback" | "return-type" | "other"
}

const NOT_A_FUNCTION = new Set(["if", "for", "while", "switch", "catch", "with", "await"])
const HEAD_LENGTH_MAX = 2000

/**
 * Finds the functions of masked code by counting braces: a brace after `=>`, or after a parameter list and perhaps a
 * return type, opens one. Good enough to measure; it is no parser.
 */
export function findFunctions(code: string): FunctionRange[] {
  const found: FunctionRange[] = []
  const open: OpenBrace[] = []
  let line = 1
  let afterReturnType = false
  for (const [at, char] of Array.from(code).entries()) {
    if (char === "\n") line += 1
    if (char === "{") {
      const head = code.slice(Math.max(0, at - HEAD_LENGTH_MAX), at).trimEnd()
      open.push({ line, kind: afterReturnType ? "function" : kindOfBrace(head) })
    }
    if (/\S/.test(char)) afterReturnType = false
    if (char !== "}") continue
    const closed = open.pop()
    afterReturnType = closed?.kind === "return-type"
    if (closed?.kind === "function" || closed?.kind === "callback") {
      found.push({ firstLine: closed.line, lastLine: line, isCallback: closed.kind === "callback" })
    }
  }
  return found.sort((a, b) => a.firstLine - b.firstLine)
}

/** @param head Code before the brace */
function kindOfBrace(head: string): OpenBrace["kind"] {
  if (head.endsWith("=>")) return isGivenToCall(head.slice(0, -2).trimEnd()) ? "callback" : "function"
  const close = /\)(\s*:[^(){};=]*)?$/.exec(head)
  if (close === null) return "other"
  const beforeParameters = head.slice(0, openingParenthesis(head, close.index)).trimEnd()
  const word = /[\w$#]+(?=(?:<[^<>]*>)?$)/.exec(beforeParameters)?.[0]
  if (word === undefined || NOT_A_FUNCTION.has(word)) return "other"
  return close[1]?.trim() === ":" ? "return-type" : "function"
}

/** @param head Code that ends with the parameters of an arrow function */
function isGivenToCall(head: string): boolean {
  const start = head.endsWith(")") ? openingParenthesis(head, head.length - 1) : head.search(/[\w$]+$/)
  return /[(,]\s*(?:async)?\s*$/.test(head.slice(0, Math.max(0, start)))
}

/** Offset of the parenthesis that the one at `close` closes; 0 when it lies further back than the text goes */
function openingParenthesis(text: string, close: number): number {
  let depth = 0
  for (let at = close; at >= 0; at--) {
    if (text[at] === ")") depth += 1
    if (text[at] === "(") depth -= 1
    if (depth === 0) return at
  }
  return 0
}
