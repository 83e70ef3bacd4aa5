import { PlatformError, type SandboxStatus } from "@thaw/model"
import type { hostAgent } from "@thaw/rpc"

import { toHostSandbox, type HostSandbox } from "../hosts/host-sandbox.ts"

/** Reads what a host answered to a call that makes a sandbox one of `wanted`. Raises `internal` for anything else. */
export function readAnswer(answer: hostAgent.Sandbox, wanted: readonly SandboxStatus[]): HostSandbox {
  const seen = toHostSandbox(answer)
  if (seen !== undefined && wanted.includes(seen.status)) return seen
  throw new PlatformError("internal", "the host agent gave an answer that makes no sense", {
    internal: `status "${answer.status}" instead of ${wanted.join(" or ")}`,
  })
}
