/** Groups of tests, in the order they run: the quick ones first */
export const RINGS = ["check", "unit", "native", "integration", "vm"] as const

export type Ring = (typeof RINGS)[number]

/** Narrows words to rings; undefined for the first word that is none */
export function parseRings(words: readonly string[]): { rings: Ring[]; unknown: string | undefined } {
  const unknown = words.find((word) => !RINGS.some((ring) => ring === word))
  const chosen = words.length === 0 ? RINGS : RINGS.filter((ring) => words.includes(ring))
  return { rings: [...chosen], unknown }
}
