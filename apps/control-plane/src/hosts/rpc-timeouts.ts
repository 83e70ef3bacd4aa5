/** How long the control plane waits for each kind of call to a host agent */
export const RPC_TIMEOUTS_MS = {
  /** Covers a cold boot on a slow, loaded host */
  createSandbox: 120_000,
  /** These three write or read a sandbox's memory, on a slow, loaded host */
  pauseSandbox: 120_000,
  resumeSandbox: 120_000,
  createSnapshot: 120_000,
  updateSandbox: 30_000,
  deleteSnapshot: 60_000,
  destroySandbox: 60_000,
  list: 10_000,
  getHost: 5_000,
  file: 30_000,
  /** Beyond the command's own timeout, within which the guest answers with the output so far */
  execMargin: 15_000,
} as const

/** No operation on a sandbox takes longer than this */
export const OPERATION_MS_MAX = RPC_TIMEOUTS_MS.createSandbox + 30_000
