import { create, type MessageInitShape } from "@bufbuild/protobuf"
import type { ServiceImpl } from "@connectrpc/connect"
import { parseSandboxId } from "@thaw/model"
import { hostAgent, type HostAgentService } from "@thaw/rpc"

import type { Sandbox } from "../sandbox/sandbox.ts"
import type { SandboxSet } from "../sandbox/sandbox-set.ts"
import { parseOnTimeout, parseSandboxSpec, requireTimeout } from "../sandbox/sandbox-spec.ts"
import type { HostDescription } from "./host-description.ts"
import { parseEnv, required } from "./request-fields.ts"
import { watchSandboxes } from "./watch-sandboxes.ts"

type Handlers = Pick<
  ServiceImpl<typeof HostAgentService>,
  | "createSandbox"
  | "destroySandbox"
  | "pauseSandbox"
  | "resumeSandbox"
  | "updateSandbox"
  | "listSandboxes"
  | "watchSandboxes"
  | "getHost"
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
    async pauseSandbox(request) {
      const sandbox = sandboxes.get(parseSandboxId(request.sandboxId))
      await sandbox.pause()
      return await toWire(sandbox)
    },
    async resumeSandbox(request) {
      const sandbox = sandboxes.get(parseSandboxId(request.sandboxId))
      await sandbox.resume()
      return await toWire(sandbox)
    },
    async updateSandbox(request) {
      const { timeoutSec, onTimeout } = request
      const sandbox = sandboxes.get(parseSandboxId(request.sandboxId))
      if (timeoutSec !== undefined) requireTimeout(timeoutSec)
      await sandbox.update({
        ...(timeoutSec === undefined ? {} : { timeoutSec }),
        ...(onTimeout === undefined ? {} : { onTimeout: parseOnTimeout(onTimeout) }),
      })
      return await toWire(sandbox)
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
  const { pause } = record
  return {
    spec: {
      sandboxId: record.spec.id,
      template: record.spec.template,
      vcpus: record.spec.vcpus,
      memoryMib: record.spec.memoryMib,
      timeoutSec: record.spec.timeoutSec,
      onTimeout: record.spec.onTimeout,
    },
    status: record.status,
    reason: record.reason,
    hostIp: sandbox.hostIp,
    createdAtMs: BigInt(record.createdAtMs),
    changedAtMs: BigInt(record.changedAtMs),
    expiresAtMs: BigInt(sandbox.expiresAtMs),
    rootfsBytes: BigInt(await sandbox.rootfsBytes()),
    startSteps: record.startSteps,
    ...(pause === undefined ? {} : { pause: { ...pause, bytesWritten: BigInt(pause.bytesWritten) } }),
  }
}
