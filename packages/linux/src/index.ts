export { CommandFailedError, type CommandFailure } from "./exec/command-failed-error.ts"
export { runAttached, type AttachedOptions, type AttachedResult } from "./exec/run-attached.ts"
export { run, type RunOptions, type RunResult } from "./exec/run.ts"
export { startDetached, type DetachedOptions } from "./exec/start-detached.ts"
export { tryLockFile } from "./file/lock-file.ts"
export { STAT_BLOCK_BYTES } from "./file/stat-block.ts"
export { syncDirectory, writeFileAtomic } from "./file/write-file-atomic.ts"
export { applyIpBatch, type IpBatchOptions } from "./netns/ip-batch.ts"
export { deleteLink, listLinks } from "./netns/link.ts"
export { NETNS_DIR, addNetns, deleteNetns, listNetns, netnsExecArgv } from "./netns/netns.ts"
export { NetworkCommandError, type NetworkErrno } from "./netns/network-command-error.ts"
export {
  runNetworkCommand,
  type NetworkCommand,
  type NetworkCommandOptions,
  type Run,
} from "./netns/run-network-command.ts"
export { deleteNftTable, listNftTables, loadNftRuleset, type NftOptions, type NftTable } from "./nft/nft.ts"
export { readBootId } from "./process/boot-id.ts"
export { endProcess, waitUntilGone } from "./process/end-process.ts"
export {
  findProcessesByArgument,
  identifyProcess,
  isAlive,
  type ProcessIdentity,
  type RunningCommand,
} from "./process/process-identity.ts"
export { readSysctl, sysctlArgv, writeSysctl, type Sysctl } from "./sysctl/sysctl.ts"
export { readTscKhz } from "./tsc/read-tsc-frequency.ts"
export { probeUserfaultfd, type UserfaultfdProbe } from "./uffd/probe-userfaultfd.ts"
