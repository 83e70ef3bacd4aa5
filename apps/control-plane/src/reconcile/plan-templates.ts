import { isDeepStrictEqual } from "node:util"

import type { TemplateRecord } from "../db/template-row.ts"

export interface TemplatesPlan {
  readonly put: readonly TemplateRecord[]
  readonly remove: readonly string[]
}

/**
 * Plans what makes the templates in the database those of the host.
 *
 * @param state `busy`: names that are left to who makes or deletes them
 */
export function planTemplates(state: {
  readonly rows: readonly TemplateRecord[]
  readonly listed: readonly TemplateRecord[]
  readonly busy: ReadonlySet<string>
}): TemplatesPlan {
  const rows = new Map(state.rows.map((row) => [row.name, row]))
  const listed = new Set(state.listed.map(({ name }) => name))
  return {
    put: state.listed.filter(
      (template) => !state.busy.has(template.name) && !isDeepStrictEqual(rows.get(template.name), template),
    ),
    remove: [...rows.keys()].filter((name) => !state.busy.has(name) && !listed.has(name)),
  }
}
