import { create, type MessageInitShape } from "@bufbuild/protobuf"
import type { SandboxStatus } from "@thaw/model"
import { hostAgent } from "@thaw/rpc"

import type { SimulatedFiles } from "./simulated-files.ts"

export interface SimulatedSandbox {
  readonly spec: hostAgent.SandboxSpec
  status: SandboxStatus
  reason: string
  readonly createdAtMs: number
  changedAtMs: number
  /** 0: never */
  expiresAtMs: number
  /** The last pause */
  pause: MessageInitShape<typeof hostAgent.PauseReportSchema> | undefined
  readonly files: SimulatedFiles
}

const ROOTFS_BYTES = 4096n

/** Lets a sandbox's time start anew */
export function restartTime(sandbox: SimulatedSandbox): void {
  const { spec, status } = sandbox
  const isAgeing = spec.timeoutSec !== 0 && status !== "paused"
  sandbox.expiresAtMs = isAgeing ? Date.now() + spec.timeoutSec * 1000 : 0
}

/** What a pause tells of itself; the first one stores all, those that follow a part */
export function pauseReport(sandbox: SimulatedSandbox): NonNullable<SimulatedSandbox["pause"]> {
  const generation = sandbox.pause?.generation === undefined ? 0 : sandbox.pause.generation + 1
  return {
    generation,
    stopMs: 7.25,
    durableMs: 31.5,
    bytesWritten: generation === 0 ? 65_536n : 4096n,
    steps: [
      { name: "freeze", durationMs: 1.5 },
      { name: "capture", durationMs: 5.75 },
    ],
  }
}

/** A sandbox as the host tells of it */
export function toMessage(sandbox: SimulatedSandbox): hostAgent.Sandbox {
  const { spec, status, reason, createdAtMs, changedAtMs, expiresAtMs, pause } = sandbox
  return create(hostAgent.SandboxSchema, {
    // The environment is a secret and not told again.
    spec: { ...spec, envs: {} },
    status,
    reason,
    hostIp: status === "running" ? "10.11.0.1" : "",
    createdAtMs: BigInt(createdAtMs),
    changedAtMs: BigInt(changedAtMs),
    expiresAtMs: BigInt(expiresAtMs),
    rootfsBytes: ROOTFS_BYTES,
    ...(pause === undefined ? {} : { pause }),
  })
}
