import type { HandlerContext, ServiceImpl } from "@connectrpc/connect"
import { PlatformError } from "@thaw/model"
import type { HostAgentService } from "@thaw/rpc"

import type { Injections } from "./injections.ts"
import type { SimulatedSandboxes } from "./simulated-sandboxes.ts"

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

const VCPUS_MAX = 4
const MEMORY_MIB_MAX = 8192

/** Everything about sandboxes and the host of the simulated host agent */
export function sandboxService(sandboxes: SimulatedSandboxes, injections: Injections): SandboxService {
  const unimplemented = (method: string) => async (_request: unknown, context: HandlerContext) => {
    await injections.pass(method, context)
    throw new PlatformError("unimplemented", `"${method}" is not implemented`)
  }
  return {
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
      return {
        version: "simulated",
        vmm: "simulated",
        accelerator: "tcg",
        rootfs: "memory",
        vcpusMax: VCPUS_MAX,
        memoryMibMax: MEMORY_MIB_MAX,
        sandboxesMax: 100,
        sandboxesRunning: sandboxes.list().length,
        templates: [...sandboxes.templates],
      }
    },
    pauseSandbox: unimplemented("pauseSandbox"),
    resumeSandbox: unimplemented("resumeSandbox"),
    createSnapshot: unimplemented("createSnapshot"),
    deleteSnapshot: unimplemented("deleteSnapshot"),
  }
}
