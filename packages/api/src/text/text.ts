import { z } from "zod"

const encoder = new TextEncoder()

/** Length of `text` in UTF-8 */
export function utf8Bytes(text: string): number {
  return encoder.encode(text).length
}

/** Text that every part of the platform can hold: without NUL, which no argument, path or database text may contain, and without lone surrogates */
export function plainText(options: { readonly bytesMax: number; readonly bytesMin?: number }) {
  const { bytesMax, bytesMin = 0 } = options
  return z
    .string()
    .max(bytesMax, `must be at most ${bytesMax} bytes`)
    .refine((text) => !text.includes("\0"), "must not contain NUL")
    .refine((text) => text.isWellFormed(), "must be well-formed Unicode")
    .refine((text) => text.length >= bytesMin, bytesMin === 1 ? "must not be empty" : `is too short`)
    .refine((text) => text.length * 3 <= bytesMax || utf8Bytes(text) <= bytesMax, {
      error: `must be at most ${bytesMax} bytes`,
    })
}
