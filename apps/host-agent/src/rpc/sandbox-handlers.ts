import { create, type MessageInitShape } from "@bufbuild/protobuf"
import type { ServiceImpl } from "@connectrpc/connect"
import { parseSandboxId } from "@thaw/model"
import { hostAgent, type HostAgentService } from "@thaw/rpc"

import type { Sandbox } from "../sandbox/sandbox.ts"
import type { SandboxSet } from "../sandbox/sandbox-set.ts"
import { parseSandboxSpec } from "../sandbox/sandbox-spec.ts"
import type { HostDescription } from "./host-description.ts"
import { parseEnv, required } from "./request-fields.ts"
import { watchSandboxes } from "./watch-sandboxes.ts"

type Handlers = Pick<
  ServiceImpl<typeof HostAgentService>,
  "createSandbox" | "destroySandbox" | "listSandboxes" | "watchSandboxes" | "getHost"
>

/** @param closing Aborts when the host agent closes, which ends the watches */
export function sandboxHandlers(
  sandboxes: SandboxSet,
  host: HostDescription,
  closing: AbortSignal,
): Handlers {
  return {
    async createSandbox(request) {
      const raw = required("spec", request.spec)
      const spec = parseSandboxSpec(raw, host.capacity)
      return await toWire(await sandboxes.create(spec, parseEnv(raw.envs)))
    },
    async destroySandbox(request) {
      await sandboxes.get(parseSandboxId(request.sandboxId)).destroy()
      return {}
    },
    async listSandboxes() {
      return { sandboxes: await Promise.all(sandboxes.list().map(toWire)) }
    },
    async *watchSandboxes(_request, context) {
      for await (const event of watchSandboxes(sandboxes, AbortSignal.any([context.signal, closing]))) {
        yield event === "synced"
          ? { event: { case: "synced", value: create(hostAgent.SyncedSchema) } }
          : { event: { case: "sandbox", value: create(hostAgent.SandboxSchema, await toWire(event)) } }
      }
    },
    async getHost() {
      return await host.describe()
    },
  }
}

async function toWire(sandbox: Sandbox): Promise<MessageInitShape<typeof hostAgent.SandboxSchema>> {
  const { record } = sandbox
  return {
    spec: {
      sandboxId: record.spec.id,
      template: record.spec.template,
      vcpus: record.spec.vcpus,
      memoryMib: record.spec.memoryMib,
      timeoutSec: record.spec.timeoutSec,
    },
    status: record.status,
    reason: record.reason,
    hostIp: sandbox.hostIp,
    createdAtMs: BigInt(record.createdAtMs),
    changedAtMs: BigInt(record.changedAtMs),
    expiresAtMs: BigInt(record.expiresAtMs),
    rootfsBytes: BigInt(await sandbox.rootfsBytes()),
    createSteps: record.createSteps,
  }
}
