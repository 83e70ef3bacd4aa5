import type { ServiceImpl } from "@connectrpc/connect"
import { PlatformError } from "@thaw/model"
import type { HostAgentService } from "@thaw/rpc"

import type { Injections } from "./injections.ts"
import type { SimulatedSandboxes } from "./simulated-sandboxes.ts"
import type { SimulatedTemplates } from "./simulated-templates.ts"

/** What a simulated host agent has, and what its next calls meet */
export interface SimulatedHost {
  readonly sandboxes: SimulatedSandboxes
  readonly templates: SimulatedTemplates
  readonly injections: Injections
}

type SandboxService = Omit<
  ServiceImpl<typeof HostAgentService>,
  | "exec"
  | "execStream"
  | "writeFile"
  | "readFile"
  | "writeFileStream"
  | "readFileStream"
  | "statFile"
  | "listFiles"
  | "makeDir"
  | "moveFile"
  | "removeFile"
>

type TransitionService = Pick<
  SandboxService,
  "pauseSandbox" | "resumeSandbox" | "createSnapshot" | "deleteSnapshot"
>

const VCPUS_MAX = 4
const MEMORY_MIB_MAX = 8192

/** Everything about sandboxes, templates and the host of the simulated host agent */
export function sandboxService(host: SimulatedHost): SandboxService {
  const { sandboxes, templates, injections } = host
  return {
    ...transitionService(host),
    async createSandbox(request, context) {
      await injections.pass("createSandbox", context)
      if (request.spec === undefined) throw new PlatformError("invalid_argument", "the request has no spec")
      return sandboxes.create(request.spec)
    },
    async destroySandbox(request, context) {
      await injections.pass("destroySandbox", context)
      sandboxes.destroy(request.sandboxId)
      return {}
    },
    async updateSandbox(request, context) {
      await injections.pass("updateSandbox", context)
      return sandboxes.update(request)
    },
    async listSandboxes(_request, context) {
      await injections.pass("listSandboxes", context)
      return { sandboxes: sandboxes.list() }
    },
    async *watchSandboxes(_request, context) {
      await injections.pass("watchSandboxes", context)
      yield* sandboxes.watch(context.signal)
    },
    async getHost(_request, context) {
      await injections.pass("getHost", context)
      const host = {
        version: "simulated",
        vmm: "simulated",
        accelerator: "tcg",
        rootfs: "memory",
        vcpusMax: VCPUS_MAX,
        memoryMibMax: MEMORY_MIB_MAX,
        sandboxesMax: 100,
        sandboxesRunning: sandboxes.list().length,
        templates: templates.list(),
      }
      await injections.pass("getHost:answer", context)
      return host
    },
  }
}

/** What freezes and restores */
function transitionService({ sandboxes, templates, injections }: SimulatedHost): TransitionService {
  return {
    async pauseSandbox(request, context) {
      await injections.pass("pauseSandbox", context)
      const working = () => injections.pass("pauseSandbox:working", context)
      const paused = await sandboxes.pause(request.sandboxId, working)
      await injections.pass("pauseSandbox:answer", context)
      return paused
    },
    async resumeSandbox(request, context) {
      await injections.pass("resumeSandbox", context)
      const working = () => injections.pass("resumeSandbox:working", context)
      const running = await sandboxes.resume(request.sandboxId, working)
      await injections.pass("resumeSandbox:answer", context)
      return running
    },
    async createSnapshot(request, context) {
      await injections.pass("createSnapshot", context)
      const source = sandboxes.inStatus(request.sandboxId, ["running", "paused"])
      const template = templates.freeze(source, request)
      await injections.pass("createSnapshot:answer", context)
      return template
    },
    async deleteSnapshot(request, context) {
      await injections.pass("deleteSnapshot", context)
      templates.delete(request.name)
      await injections.pass("deleteSnapshot:answer", context)
      return {}
    },
  }
}
