const REGEX_MAY_FOLLOW =
  /(?:^|[=(,:;!&|?{}[+\-*%<>~^\n]|\b(?:return|typeof|case|in|of|do|else|void|await|yield))\s*$/

/**
 * Blanks the insides of comments, strings, templates and regular expressions, so that searching finds code only.
 * Offsets and line breaks stay, and so do the quotes: what a string says can be read at the same place of the original.
 */
export function maskSource(text: string): string {
  const out: string[] = []
  // Code within `${…}` of templates: how many braces are open in each.
  const templateBraces: number[] = []
  let at = 0
  const blankUntil = (end: number) => {
    out.push(text.slice(at, end).replaceAll(/[^\n]/g, " "))
    at = end
  }
  const keep = (length: number) => {
    out.push(text.slice(at, at + length))
    at += length
  }
  const template = () => {
    blankUntil(templateEnd(text, at))
    if (text[at] === "`") keep(1)
    else if (at < text.length) {
      keep(2)
      templateBraces.push(0)
    }
  }
  const quoted = (end: number) => {
    keep(1)
    blankUntil(end)
    keep(1)
  }
  while (at < text.length) {
    const char = text[at] ?? ""
    const braces = templateBraces.at(-1)
    if (text.startsWith("//", at)) blankUntil(endOr(text.indexOf("\n", at), text))
    else if (text.startsWith("/*", at)) blankUntil(endOr(text.indexOf("*/", at + 2) + 1, text) + 1)
    else if (char === '"' || char === "'") quoted(closingQuote(text, at + 1, char))
    else if (char === "/" && REGEX_MAY_FOLLOW.test(out.slice(-40).join(""))) quoted(regexEnd(text, at + 1))
    else if (char === "`") {
      keep(1)
      template()
    } else if (char === "}" && braces === 0) {
      templateBraces.pop()
      keep(1)
      template()
    } else {
      if (braces !== undefined && char === "{") templateBraces.push((templateBraces.pop() ?? 0) + 1)
      if (braces !== undefined && char === "}") templateBraces.push((templateBraces.pop() ?? 0) - 1)
      keep(1)
    }
  }
  return out.join("")
}

function endOr(index: number, text: string): number {
  return index <= 0 ? text.length : index
}

function closingQuote(text: string, from: number, quote: string): number {
  let at = from
  while (at < text.length && text[at] !== quote && text[at] !== "\n") at += text[at] === "\\" ? 2 : 1
  return at
}

function regexEnd(text: string, from: number): number {
  let at = from
  let inClass = false
  while (at < text.length && text[at] !== "\n" && (inClass || text[at] !== "/")) {
    if (text[at] === "[") inClass = true
    if (text[at] === "]") inClass = false
    at += text[at] === "\\" ? 2 : 1
  }
  return at
}

/** Where the literal part of a template ends: at its closing quote or at the next `${` */
function templateEnd(text: string, from: number): number {
  let at = from
  while (at < text.length && text[at] !== "`" && !text.startsWith("${", at)) at += text[at] === "\\" ? 2 : 1
  return Math.min(at, text.length)
}
