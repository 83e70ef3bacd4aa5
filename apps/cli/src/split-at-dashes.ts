/** Splits a command line at its first `--`: what follows belongs to another program */
export function splitAtDashes(words: readonly string[]): { own: string[]; afterDashes: string[] } {
  const at = words.indexOf("--")
  return at === -1
    ? { own: [...words], afterDashes: [] }
    : { own: words.slice(0, at), afterDashes: words.slice(at + 1) }
}
