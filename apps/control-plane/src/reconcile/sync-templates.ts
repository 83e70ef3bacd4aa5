import type { Context } from "../context.ts"
import { deleteTemplates, listTemplates, putTemplate } from "../db/queries/templates.ts"
import { toTemplate } from "../hosts/host-template.ts"
import { RPC_TIMEOUTS_MS } from "../hosts/rpc-timeouts.ts"
import { planTemplates } from "./plan-templates.ts"

/** Makes the templates in the database those of the host. Raises when the host cannot be asked; then nothing is changed. */
export async function syncTemplates(context: Context): Promise<void> {
  using observed = context.names.observe()
  const { host, db } = context
  host.info = await host.client.getHost({}, { timeoutMs: RPC_TIMEOUTS_MS.getHost, signal: context.closing })
  const listed = host.info.templates
    .map((template) => toTemplate(template, host.id))
    .filter((template) => template !== undefined)
  const rows = await listTemplates(db, { hostId: host.id })
  const plan = planTemplates({ rows, listed, busy: observed.names })
  for (const template of plan.put) {
    if (!observed.names.has(template.name)) await putTemplate(db, template)
  }
  await deleteTemplates(
    db,
    plan.remove.filter((name) => !observed.names.has(name)),
  )
}
