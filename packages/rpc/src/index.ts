export { fromConnectError, toConnectError } from "./errors/convert-error.ts"
export { serverErrorInterceptor, type ServerErrorOptions } from "./errors/error-interceptor.ts"
export { platformErrorTransport } from "./errors/platform-error-transport.ts"
export { RPC_CODE } from "./errors/rpc-code.ts"
export * as hostAgent from "./gen/host_agent_pb.ts"
export { HostAgentService } from "./gen/host_agent_pb.ts"
export * as pager from "./gen/pager_pb.ts"
export { PagerService } from "./gen/pager_pb.ts"
export { openPagerClient, type PagerClient } from "./pager-client.ts"
export {
  RPC_MESSAGE_BYTES_MAX,
  openHostAgentClient,
  type HostAgentClient,
  type HostAgentClientOptions,
} from "./host-agent-client.ts"
