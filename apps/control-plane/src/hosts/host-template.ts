import type { hostAgent } from "@thaw/rpc"

import { toTemplateType, type TemplateRecord } from "../db/template-row.ts"

/** Reads what a host says of a template; undefined when it makes no sense */
export function toTemplate(message: hostAgent.Template, hostId: string): TemplateRecord | undefined {
  const type = toTemplateType(message.type)
  if (type === undefined || message.name === "") return undefined
  const isBaked = type === "snapshot"
  if (isBaked && (message.vcpus === 0 || message.memoryMib === 0)) return undefined
  return {
    name: message.name,
    hostId,
    type,
    vcpus: isBaked ? message.vcpus : undefined,
    memoryMib: isBaked ? message.memoryMib : undefined,
    sizeBytes: Number(message.sizeBytes),
    createdAt: new Date(Number(message.createdAtMs)),
    parent: message.parent === "" ? undefined : message.parent,
    sandboxId: message.sandboxId === "" ? undefined : message.sandboxId,
    stopMs: isBaked ? message.stopMs : undefined,
  }
}
