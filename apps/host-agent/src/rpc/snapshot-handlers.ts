import type { MessageInitShape } from "@bufbuild/protobuf"
import type { ServiceImpl } from "@connectrpc/connect"
import { PlatformError, parseSandboxId, parseTemplateName } from "@thaw/model"
import type { HostAgentService, hostAgent } from "@thaw/rpc"

import type { SandboxSet } from "../sandbox/sandbox-set.ts"
import type { NamedTemplate } from "../snapshot/name-registry.ts"
import type { SnapshotStore } from "../snapshot/snapshot-store.ts"
import type { Template, TemplateStore } from "../template/template-store.ts"

type Handlers = Pick<ServiceImpl<typeof HostAgentService>, "createSnapshot" | "deleteSnapshot">
type TemplateMessage = MessageInitShape<typeof hostAgent.TemplateSchema>

export interface TemplateSources {
  readonly templates: TemplateStore
  readonly snapshots: SnapshotStore
}

export function snapshotHandlers(sandboxes: SandboxSet, sources: TemplateSources): Handlers {
  return {
    async createSnapshot(request) {
      const name = parseTemplateName(request.name)
      const sandbox = sandboxes.get(parseSandboxId(request.sandboxId))
      const named = await sandbox.snapshot({ name, overwrite: request.overwrite })
      return await describeSnapshot(named, sources.snapshots)
    },
    async deleteSnapshot(request) {
      const name = parseTemplateName(request.name)
      if ((await sources.templates.list()).some((template) => template.name === name)) {
        throw new PlatformError("wrong_state", `"${name}" is a base template and cannot be deleted`)
      }
      await sources.snapshots.names.delete(name)
      return {}
    },
  }
}

/** Every template of the host, base and snapshot */
export async function listTemplates(sources: TemplateSources): Promise<TemplateMessage[]> {
  const named = await sources.snapshots.names.list()
  const snapshots = await Promise.all(
    named.map(async (template) => await describeSnapshot(template, sources.snapshots)),
  )
  return [...(await sources.templates.list()).map(describeBase), ...snapshots]
}

function describeBase({ name, manifest }: Template): TemplateMessage {
  return {
    name,
    type: "base",
    sizeBytes: BigInt(manifest.rootfs.allocatedBytes),
    createdAtMs: BigInt(Date.parse(manifest.createdAt)),
  }
}

async function describeSnapshot(named: NamedTemplate, snapshots: SnapshotStore): Promise<TemplateMessage> {
  const { name, vcpus, memoryMib, parent, sandboxId, stopMs, createdAtMs } = named
  return {
    name,
    type: "snapshot",
    vcpus,
    memoryMib,
    sizeBytes: BigInt(await sizeIfThere(named.snapshotId, snapshots)),
    createdAtMs: BigInt(createdAtMs),
    parent,
    sandboxId,
    stopMs,
  }
}

/** A template whose data is lost is listed all the same, so that it can be deleted */
async function sizeIfThere(snapshotId: string, snapshots: SnapshotStore): Promise<number> {
  try {
    return await snapshots.sizeBytes(snapshotId)
  } catch (error) {
    if (error instanceof PlatformError && error.code === "not_found") return 0
    throw error
  }
}
