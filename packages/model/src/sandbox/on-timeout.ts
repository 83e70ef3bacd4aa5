/** What becomes of a sandbox whose time without activity is over */
export const ON_TIMEOUT = ["destroy", "pause"] as const

export type OnTimeout = (typeof ON_TIMEOUT)[number]

/** Narrows text from a file, a wire or a database; undefined when it is none */
export function toOnTimeout(text: string): OnTimeout | undefined {
  return ON_TIMEOUT.find((choice) => choice === text)
}
