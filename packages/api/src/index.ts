export { ErrorBodySchema, type ErrorBody } from "./errors/error-body.ts"
export {
  EncodingSchema,
  ExecOutputSchema,
  ExecRequestSchema,
  ExecResponseSchema,
  type Encoding,
  type ExecBody,
  type ExecOutput,
  type ExecRequest,
  type ExecResult,
} from "./exec/exec.ts"
export {
  API_KEY_SUBPROTOCOL_PREFIX,
  EXEC_STREAM_MESSAGE_BYTES_MAX,
  EXEC_STREAM_SUBPROTOCOL,
  ExecStartSchema,
  ExecStreamClientMessageSchema,
  ExecStreamServerMessageSchema,
  PtySchema,
  type ExecStart,
  type ExecStreamClientBody,
  type ExecStreamClientMessage,
  type ExecStreamServerMessage,
} from "./exec/exec-stream.ts"
export { SIGNAL_NAMES, SIGNAL_NUMBERS, SIGNAL_NUMBER_MAX, type SignalName } from "./exec/signals.ts"
export { FileEntrySchema, type FileEntryBody } from "./files/file-entry.ts"
export {
  ListFilesRequestSchema,
  MakeDirRequestSchema,
  MoveFileRequestSchema,
  ReadFileRequestSchema,
  RemoveFileRequestSchema,
  StatFileRequestSchema,
  type ListFilesRequest,
  type MakeDirRequest,
  type MoveFileRequest,
  type ReadFileRequest,
  type RemoveFileRequest,
  type StatFileRequest,
} from "./files/file-requests.ts"
export {
  FileResponseSchema,
  ListFilesResponseSchema,
  RemoveFileResponseSchema,
  WriteFilesResponseSchema,
  type FileResponse,
  type ListFilesResponse,
  type WriteFilesResponse,
} from "./files/file-responses.ts"
export { UploadFieldSchemas, UploadFormSchema, type UploadFieldName } from "./files/upload-form.ts"
export {
  HealthResponseSchema,
  ReadyResponseSchema,
  type HealthResponse,
  type ReadyResponse,
} from "./health/health.ts"
export type { HttpMethod, Route, RouteRequest, RouteResponse } from "./route/route.ts"
export { COMMON_ERRORS, ROUTES, type Operation } from "./route/routes.ts"
export {
  CreateSandboxRequestSchema,
  type CreateSandboxBody,
  type CreateSandboxRequest,
} from "./sandbox/create-sandbox.ts"
export {
  ListSandboxesQuerySchema,
  ListSandboxesResponseSchema,
  formatListQuery,
  gatherListQuery,
  type ListSandboxesFilter,
  type ListSandboxesQuery,
  type ListSandboxesResponse,
  type RawQuery,
} from "./sandbox/list-sandboxes.ts"
export { PauseReportSchema, type PauseReportBody } from "./sandbox/pause-report.ts"
export { PauseSandboxRequestSchema, ResumeSandboxRequestSchema } from "./sandbox/pause-sandbox.ts"
export { SandboxParamsSchema, SandboxSchema, type SandboxBody } from "./sandbox/sandbox.ts"
export {
  UpdateSandboxRequestSchema,
  type UpdateSandboxBody,
  type UpdateSandboxRequest,
} from "./sandbox/update-sandbox.ts"
export {
  CreateSnapshotQuerySchema,
  CreateSnapshotRequestSchema,
  formatCreateSnapshotQuery,
  type CreateSnapshotBody,
  type CreateSnapshotQuery,
  type CreateSnapshotRequest,
} from "./snapshot/create-snapshot.ts"
export {
  ListSnapshotsQuerySchema,
  ListSnapshotsResponseSchema,
  formatListSnapshotsQuery,
  type ListSnapshotsFilter,
  type ListSnapshotsQuery,
  type ListSnapshotsResponse,
} from "./snapshot/list-snapshots.ts"
export {
  SnapshotParamsSchema,
  TEMPLATE_TYPES,
  TemplateSchema,
  type TemplateBody,
  type TemplateType,
} from "./snapshot/template.ts"
export { formatMode, parseMode } from "./text/wire-text.ts"
