export { fromConnectError, toConnectError } from "./errors/convert-error.ts"
export {
  clientErrorInterceptor,
  serverErrorInterceptor,
  type ServerErrorOptions,
} from "./errors/error-interceptor.ts"
export { RPC_CODE } from "./errors/rpc-code.ts"
export * as hostAgent from "./gen/host_agent_pb.ts"
export { HostAgentService } from "./gen/host_agent_pb.ts"
export {
  RPC_MESSAGE_BYTES_MAX,
  openHostAgentClient,
  type HostAgentClient,
  type HostAgentClientOptions,
} from "./host-agent-client.ts"
