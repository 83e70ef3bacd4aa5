import { PlatformError, TEMPLATE_NAME_PATTERN } from "@thaw/model"

import type { Context } from "../context.ts"
import { getTemplate } from "../db/queries/templates.ts"
import type { TemplateRecord } from "../db/template-row.ts"
import { syncTemplates } from "../reconcile/sync-templates.ts"

/**
 * Reads a template. The host is asked before one is said not to exist: it may have come since the last comparison.
 *
 * Raises `not_found` for an unknown name, of whatever shape, or why the host could not be asked.
 */
export async function findTemplate(context: Context, name: string): Promise<TemplateRecord> {
  if (!TEMPLATE_NAME_PATTERN.test(name)) throw notFound(name)
  const known = await getTemplate(context.db, name)
  if (known !== undefined) return known
  await syncTemplates(context)
  const found = await getTemplate(context.db, name)
  if (found === undefined) throw notFound(name)
  return found
}

function notFound(name: string): PlatformError {
  return new PlatformError("not_found", `template "${name.slice(0, 64)}" does not exist`)
}
