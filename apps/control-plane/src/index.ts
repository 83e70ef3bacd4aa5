export {
  ConfigError,
  parseConfig,
  type ControlPlaneConfig,
  type DatabaseConfig,
  type Env,
  type ListenConfig,
  type LogLevel,
} from "./config.ts"
export { openLogger, type Logger } from "./logger.ts"
export { startControlPlane, type ControlPlane } from "./start-control-plane.ts"
