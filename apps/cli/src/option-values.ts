import { InvalidArgumentError } from "commander"

/** Makes a parser of a whole number of a range for an option */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
}

const PORT_MAX = 65_535

/** A TCP port */
export const portNumber = wholeNumber(1, PORT_MAX)

/** Adds one `key=value` to those of a repeated option */
export function collectPair(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf("=")
  if (at < 1) throw new InvalidArgumentError("It must have the form key=value.")
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}

/** Adds one value to those of a repeated option */
export function collectValue(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}

/** The options that were given: without those that are undefined */
export function givenOnly<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
