import { z } from "zod"

/**
 * A record or array that is counted before its entries are looked at.
 *
 * A body of a few MiB may hold a million entries: checking each, and keeping an issue for each, would take seconds and hundreds of MiB.
 */
export function counted<S extends z.ZodType>(schema: S, entriesMax: number) {
  return z.preprocess((value: z.input<S>, context) => {
    const problem = describeEntries(value, entriesMax)
    if (problem === undefined) return value
    context.addIssue({ code: "custom", message: problem })
    return z.NEVER
  }, schema)
}

function describeEntries(value: unknown, entriesMax: number): string | undefined {
  if (countEntries(value, entriesMax) > entriesMax) return `must have at most ${entriesMax} entries`
  // zod leaves this name out without a word.
  if (typeof value === "object" && value !== null && Object.hasOwn(value, "__proto__")) {
    return 'must not have an entry "__proto__"'
  }
  return undefined
}

/** Stops counting beyond `entriesMax`; what has no entries has none */
function countEntries(value: unknown, entriesMax: number): number {
  if (Array.isArray(value)) return value.length
  if (typeof value !== "object" || value === null) return 0
  let count = 0
  for (const _key in value) if (++count > entriesMax) break
  return count
}
