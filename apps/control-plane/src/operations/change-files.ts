import type {
  ListFilesRequest,
  MakeDirRequest,
  MoveFileRequest,
  RemoveFileRequest,
  StatFileRequest,
} from "@thaw/api"
import { parseMode } from "@thaw/api"
import type { hostAgent } from "@thaw/rpc"

import type { Context } from "../context.ts"
import { RPC_TIMEOUTS_MS } from "../hosts/rpc-timeouts.ts"
import { toLocation, toPathBytes, toTarget } from "./file-target.ts"
import { findSandboxFor } from "./find-sandbox.ts"

const OPTIONS = { timeoutMs: RPC_TIMEOUTS_MS.file }

export async function listFiles(
  context: Context,
  sandboxId: string,
  request: ListFilesRequest,
): Promise<hostAgent.ListFilesResponse> {
  await findSandboxFor(context, sandboxId, "files")
  return await context.host.client.listFiles({ target: toTarget(toLocation(sandboxId, request)) }, OPTIONS)
}

export async function statFile(
  context: Context,
  sandboxId: string,
  request: StatFileRequest,
): Promise<hostAgent.FileEntry> {
  await findSandboxFor(context, sandboxId, "files")
  return await context.host.client.statFile(
    { target: toTarget(toLocation(sandboxId, request)), followSymlink: request.follow_symlink },
    OPTIONS,
  )
}

export async function makeDir(
  context: Context,
  sandboxId: string,
  request: MakeDirRequest,
): Promise<hostAgent.FileEntry> {
  await findSandboxFor(context, sandboxId, "files")
  return await context.host.client.makeDir(
    {
      target: toTarget(toLocation(sandboxId, request)),
      parents: request.parents,
      ...(request.mode === undefined ? {} : { mode: parseMode(request.mode) }),
    },
    OPTIONS,
  )
}

export async function moveFile(
  context: Context,
  sandboxId: string,
  request: MoveFileRequest,
): Promise<hostAgent.FileEntry> {
  await findSandboxFor(context, sandboxId, "files")
  const from = { path: request.from, path_encoding: request.path_encoding, user: request.user }
  return await context.host.client.moveFile(
    {
      target: toTarget(toLocation(sandboxId, from)),
      to: toPathBytes(request.to, request.path_encoding),
      overwrite: request.overwrite,
    },
    OPTIONS,
  )
}

export async function removeFile(
  context: Context,
  sandboxId: string,
  request: RemoveFileRequest,
): Promise<void> {
  await findSandboxFor(context, sandboxId, "files")
  await context.host.client.removeFile(
    { target: toTarget(toLocation(sandboxId, request)), recursive: request.recursive },
    OPTIONS,
  )
}
