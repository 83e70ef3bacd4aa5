import type { ErrorCode } from "@thaw/model"

import { ExecRequestSchema, ExecResponseSchema } from "../exec/exec.ts"
import { ExecStreamClientMessageSchema, ExecStreamServerMessageSchema } from "../exec/exec-stream.ts"
import * as requests from "../files/file-requests.ts"
import * as responses from "../files/file-responses.ts"
import { UploadFormSchema } from "../files/upload-form.ts"
import { HealthResponseSchema, ReadyResponseSchema } from "../health/health.ts"
import { CreateSandboxRequestSchema } from "../sandbox/create-sandbox.ts"
import { ListSandboxesQuerySchema, ListSandboxesResponseSchema } from "../sandbox/list-sandboxes.ts"
import { PauseSandboxRequestSchema, ResumeSandboxRequestSchema } from "../sandbox/pause-sandbox.ts"
import { SandboxSchema } from "../sandbox/sandbox.ts"
import { UpdateSandboxRequestSchema } from "../sandbox/update-sandbox.ts"
import { CreateSnapshotQuerySchema, CreateSnapshotRequestSchema } from "../snapshot/create-snapshot.ts"
import { ListSnapshotsQuerySchema, ListSnapshotsResponseSchema } from "../snapshot/list-snapshots.ts"
import { TemplateSchema } from "../snapshot/template.ts"
import type { Route } from "./route.ts"

/** Codes that any route below `/v1` may answer */
export const COMMON_ERRORS = ["invalid_argument", "unauthenticated", "internal", "unavailable"] as const

const ON_RUNNING: readonly ErrorCode[] = ["not_found", "wrong_state", "deadline_exceeded"]
const ON_FILES: readonly ErrorCode[] = [
  ...ON_RUNNING,
  "permission_denied",
  "payload_too_large",
  "unsupported_media_type",
  "capacity_exhausted",
]
const ON_BODY: readonly ErrorCode[] = ["payload_too_large", "unsupported_media_type"]
const NONE = { kind: "none" } as const

/** Every route, by operation */
export const ROUTES = {
  createSandbox: {
    operation: "createSandbox",
    method: "POST",
    path: "/v1/sandboxes",
    summary: "Creates a sandbox and answers when it runs",
    auth: true,
    request: { kind: "json", schema: CreateSandboxRequestSchema },
    response: { status: 201, kind: "json", schema: SandboxSchema },
    errors: ["not_found", "wrong_state", ...ON_BODY, "capacity_exhausted", "data_loss", "deadline_exceeded"],
  },
  listSandboxes: {
    operation: "listSandboxes",
    method: "GET",
    path: "/v1/sandboxes",
    summary: "Lists sandboxes, newest first",
    auth: true,
    request: { kind: "query", schema: ListSandboxesQuerySchema },
    response: { status: 200, kind: "json", schema: ListSandboxesResponseSchema },
    errors: [],
  },
  getSandbox: {
    operation: "getSandbox",
    method: "GET",
    path: "/v1/sandboxes/{id}",
    summary: "Shows one sandbox, also after it was stopped",
    auth: true,
    request: NONE,
    response: { status: 200, kind: "json", schema: SandboxSchema },
    errors: ["not_found"],
  },
  deleteSandbox: {
    operation: "deleteSandbox",
    method: "DELETE",
    path: "/v1/sandboxes/{id}",
    summary: "Ends a sandbox; succeeds also when it is stopped already",
    auth: true,
    request: NONE,
    response: { status: 204, kind: "empty" },
    errors: ["not_found", "deadline_exceeded"],
  },
  updateSandbox: {
    operation: "updateSandbox",
    method: "PATCH",
    path: "/v1/sandboxes/{id}",
    summary: "Changes how long a sandbox lives and its metadata",
    auth: true,
    request: { kind: "json", schema: UpdateSandboxRequestSchema },
    response: { status: 200, kind: "json", schema: SandboxSchema },
    errors: [...ON_RUNNING, ...ON_BODY],
  },
  pauseSandbox: {
    operation: "pauseSandbox",
    method: "POST",
    path: "/v1/sandboxes/{id}/pause",
    summary: "Freezes a running sandbox to disk and frees all else it held; a failure leaves it running",
    auth: true,
    request: { kind: "json", schema: PauseSandboxRequestSchema },
    response: { status: 200, kind: "json", schema: SandboxSchema },
    errors: [...ON_RUNNING, ...ON_BODY, "capacity_exhausted"],
  },
  resumeSandbox: {
    operation: "resumeSandbox",
    method: "POST",
    path: "/v1/sandboxes/{id}/resume",
    summary: "Lets a paused sandbox run on; its time starts anew, a failure leaves it paused",
    auth: true,
    request: { kind: "json", schema: ResumeSandboxRequestSchema },
    response: { status: 200, kind: "json", schema: SandboxSchema },
    errors: [...ON_RUNNING, ...ON_BODY, "capacity_exhausted", "data_loss"],
  },
  exec: {
    operation: "exec",
    method: "POST",
    path: "/v1/sandboxes/{id}/exec",
    summary: "Runs a command to its end; a timeout answers 504 with the output so far in the details",
    auth: true,
    request: { kind: "json", schema: ExecRequestSchema },
    response: { status: 200, kind: "json", schema: ExecResponseSchema },
    errors: [...ON_RUNNING, "permission_denied", "payload_too_large", "unsupported_media_type"],
  },
  execStream: {
    operation: "execStream",
    method: "GET",
    path: "/v1/sandboxes/{id}/exec/stream",
    summary: "Runs a command over a WebSocket",
    auth: true,
    request: {
      kind: "websocket",
      clientMessages: ExecStreamClientMessageSchema,
      serverMessages: ExecStreamServerMessageSchema,
    },
    response: { status: 101, kind: "websocket" },
    errors: [...ON_RUNNING, "permission_denied"],
  },
  writeFiles: {
    operation: "writeFiles",
    method: "POST",
    path: "/v1/sandboxes/{id}/files/write",
    summary: "Uploads files, each written atomically",
    auth: true,
    request: { kind: "multipart", schema: UploadFormSchema },
    response: { status: 200, kind: "json", schema: responses.WriteFilesResponseSchema },
    errors: ON_FILES,
  },
  readFile: {
    operation: "readFile",
    method: "POST",
    path: "/v1/sandboxes/{id}/files/read",
    summary: "Downloads a file; a Range header asks for a part of it",
    auth: true,
    request: { kind: "json", schema: requests.ReadFileRequestSchema },
    response: { status: 200, kind: "octet-stream" },
    errors: [...ON_FILES, "range_not_satisfiable"],
  },
  listFiles: {
    operation: "listFiles",
    method: "POST",
    path: "/v1/sandboxes/{id}/files/list",
    summary: "Lists a directory",
    auth: true,
    request: { kind: "json", schema: requests.ListFilesRequestSchema },
    response: { status: 200, kind: "json", schema: responses.ListFilesResponseSchema },
    errors: ON_FILES,
  },
  statFile: {
    operation: "statFile",
    method: "POST",
    path: "/v1/sandboxes/{id}/files/stat",
    summary: "Describes a file, directory or symlink",
    auth: true,
    request: { kind: "json", schema: requests.StatFileRequestSchema },
    response: { status: 200, kind: "json", schema: responses.FileResponseSchema },
    errors: ON_FILES,
  },
  makeDir: {
    operation: "makeDir",
    method: "POST",
    path: "/v1/sandboxes/{id}/files/mkdir",
    summary: "Makes a directory",
    auth: true,
    request: { kind: "json", schema: requests.MakeDirRequestSchema },
    response: { status: 200, kind: "json", schema: responses.FileResponseSchema },
    errors: [...ON_FILES, "already_exists"],
  },
  moveFile: {
    operation: "moveFile",
    method: "POST",
    path: "/v1/sandboxes/{id}/files/move",
    summary: "Renames a file or directory",
    auth: true,
    request: { kind: "json", schema: requests.MoveFileRequestSchema },
    response: { status: 200, kind: "json", schema: responses.FileResponseSchema },
    errors: [...ON_FILES, "already_exists"],
  },
  removeFile: {
    operation: "removeFile",
    method: "POST",
    path: "/v1/sandboxes/{id}/files/remove",
    summary: "Removes a file or directory",
    auth: true,
    request: { kind: "json", schema: requests.RemoveFileRequestSchema },
    response: { status: 200, kind: "json", schema: responses.RemoveFileResponseSchema },
    errors: ON_FILES,
  },
  createSnapshot: {
    operation: "createSnapshot",
    method: "POST",
    path: "/v1/snapshots",
    summary: "Freezes a running or paused sandbox into a template; the sandbox keeps the status it had",
    auth: true,
    request: { kind: "json", schema: CreateSnapshotRequestSchema, query: CreateSnapshotQuerySchema },
    response: { status: 201, kind: "json", schema: TemplateSchema },
    errors: [...ON_RUNNING, ...ON_BODY, "already_exists", "capacity_exhausted", "data_loss"],
  },
  listSnapshots: {
    operation: "listSnapshots",
    method: "GET",
    path: "/v1/snapshots",
    summary: "Lists base templates and snapshots by name",
    auth: true,
    request: { kind: "query", schema: ListSnapshotsQuerySchema },
    response: { status: 200, kind: "json", schema: ListSnapshotsResponseSchema },
    errors: [],
  },
  getSnapshot: {
    operation: "getSnapshot",
    method: "GET",
    path: "/v1/snapshots/{name}",
    summary: "Shows one base template or snapshot",
    auth: true,
    request: NONE,
    response: { status: 200, kind: "json", schema: TemplateSchema },
    errors: ["not_found"],
  },
  deleteSnapshot: {
    operation: "deleteSnapshot",
    method: "DELETE",
    path: "/v1/snapshots/{name}",
    summary: "Deletes a snapshot; sandboxes and snapshots made from it stay as they are",
    auth: true,
    request: NONE,
    response: { status: 204, kind: "empty" },
    errors: ["not_found", "wrong_state", "deadline_exceeded"],
  },
  healthz: {
    operation: "healthz",
    method: "GET",
    path: "/healthz",
    summary: "Whether the process is up",
    auth: false,
    request: NONE,
    response: { status: 200, kind: "json", schema: HealthResponseSchema },
    errors: [],
  },
  readyz: {
    operation: "readyz",
    method: "GET",
    path: "/readyz",
    summary: "Whether database and host agent answer; 503 names what is missing in the details",
    auth: false,
    request: NONE,
    response: { status: 200, kind: "json", schema: ReadyResponseSchema },
    errors: ["unavailable"],
  },
} as const satisfies Record<string, Route>

export type Operation = keyof typeof ROUTES
