const SAFE_WORD = /^[A-Za-z0-9_@%+=:,./-]+$/

/** Quotes text so that a POSIX shell reads it as one word with exactly that content */
export function shellQuote(text: string): string {
  if (SAFE_WORD.test(text)) return text
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
