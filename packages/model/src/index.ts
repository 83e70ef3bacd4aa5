export { ERROR_CODES, toErrorCode, type ErrorCode } from "./errors/error-code.ts"
export { HTTP_STATUS } from "./errors/http-status.ts"
export { PlatformError, type ErrorDetails, type PlatformErrorOptions } from "./errors/platform-error.ts"
export { LIMITS, planHostCapacity, type HostCapacity } from "./limits/limits.ts"
export { GIB, KIB, MIB } from "./limits/units.ts"
export { ON_TIMEOUT, toOnTimeout, type OnTimeout } from "./sandbox/on-timeout.ts"
export { isSandboxId, parseSandboxId, sandboxIdFromBytes, type SandboxId } from "./sandbox/sandbox-id.ts"
export {
  NEXT_STATUSES,
  SANDBOX_ACTIONS,
  SANDBOX_STATUSES,
  canDo,
  canFollow,
  isFinal,
  toSandboxStatus,
  type SandboxAction,
  type SandboxStatus,
} from "./sandbox/status.ts"
export { TEMPLATE_NAME_PATTERN, parseTemplateName, type TemplateName } from "./sandbox/template-name.ts"
