export type { ExecEvent } from "./exec-message.ts"
export type { ExecSession } from "./exec-session.ts"
export type { AsUser, ByteRange, SandboxFiles } from "./sandbox-files.ts"
export { ThawClient, type CallSignal, type ExecStreamStart } from "./thaw-client.ts"
