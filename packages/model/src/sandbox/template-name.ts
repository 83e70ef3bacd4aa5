import { PlatformError } from "../errors/platform-error.ts"

declare const brand: unique symbol

/** Name of a template; safe as a path segment */
export type TemplateName = string & { readonly [brand]: "TemplateName" }

/** Letters, digits, `.`, `_` and `-`, at most 64, starting with a letter or digit, without `..` */
export const TEMPLATE_NAME_PATTERN = /^(?!.*\.\.)[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/

/** Narrows `text` to a template name. Raises `invalid_argument` for any other shape. */
export function parseTemplateName(text: string): TemplateName {
  if (TEMPLATE_NAME_PATTERN.test(text)) return text as TemplateName
  throw new PlatformError(
    "invalid_argument",
    `"${text.slice(0, 80)}" is not a template name: use letters, digits, ".", "_" and "-", at most 64, without ".."`,
  )
}
