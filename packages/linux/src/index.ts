export { CommandFailedError, type CommandFailure } from "./exec/command-failed-error.ts"
export { runAttached, type AttachedOptions, type AttachedResult } from "./exec/run-attached.ts"
export { run, type RunOptions, type RunResult } from "./exec/run.ts"
export { startDetached, type DetachedOptions } from "./exec/start-detached.ts"
export { dataExtents, type Extent } from "./file/extents.ts"
export { hashSources } from "./file/hash-sources.ts"
export { tryLockFile } from "./file/lock-file.ts"
export { openLogOutput } from "./file/log-output.ts"
export { ensureTmpfs, readMountType, unmount, type TmpfsOptions } from "./file/mount-tmpfs.ts"
export { STAT_BLOCK_BYTES } from "./file/stat-block.ts"
export { syncDirectory, writeFileAtomic } from "./file/write-file-atomic.ts"
export { closeDescriptor } from "./libc/close-descriptor.ts"
export { setBlocking } from "./libc/descriptor-flags.ts"
export { SystemError } from "./libc/system-error.ts"
export { removePages } from "./mem/remove-pages.ts"
export { mapSharedFile, viewMemory, type SharedMapping } from "./mem/shared-file-mapping.ts"
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
export { drainEvent, openEventDescriptor, signalEvent } from "./poll/event-descriptor.ts"
export { PollSet } from "./poll/poll-set.ts"
export { readBootId } from "./process/boot-id.ts"
export { endProcess, waitUntilGone } from "./process/end-process.ts"
export { findDescriptors, killByPidfd, openPidfd, takeDescriptor } from "./process/pidfd.ts"
export {
  findProcessesByArgument,
  identifyProcess,
  identifyProcessSync,
  isAlive,
  type ProcessIdentity,
  type RunningCommand,
} from "./process/process-identity.ts"
export { readSysctl, sysctlArgv, writeSysctl, type Sysctl } from "./sysctl/sysctl.ts"
export { readTscKhz } from "./tsc/read-tsc-frequency.ts"
export {
  receiveWithDescriptors,
  sendWithDescriptors,
  type DescriptorMessage,
} from "./unix/descriptor-message.ts"
export { readPeerCredentials } from "./unix/peer-credentials.ts"
export { acceptUnix, connectUnix, listenUnix, type UnixListener } from "./unix/unix-listener.ts"
export { UFFD_FEATURE } from "./uffd/uffd-abi.ts"
export { decodeUffdEvents, type UffdEvent } from "./uffd/uffd-event.ts"
export { UFFD_EVENTS_BYTES, Userfaultfd, type FillResult } from "./uffd/userfaultfd.ts"
export { probeUserfaultfd, type UserfaultfdProbe } from "./uffd/probe-userfaultfd.ts"
