import type { TemplateBody } from "@thaw/api"

import type { TemplateRecord } from "../../db/template-row.ts"

/** A template as the wire has it */
export function toTemplateBody(template: TemplateRecord): TemplateBody {
  const { vcpus, memoryMib, parent, sandboxId, stopMs } = template
  return {
    name: template.name,
    type: template.type,
    ...(vcpus === undefined ? {} : { vcpus }),
    ...(memoryMib === undefined ? {} : { memory_mib: memoryMib }),
    size_bytes: template.sizeBytes,
    created_at: template.createdAt.toISOString(),
    ...(parent === undefined ? {} : { parent }),
    ...(sandboxId === undefined ? {} : { sandbox_id: sandboxId }),
    ...(stopMs === undefined ? {} : { stop_ms: stopMs }),
  }
}
