import type { hostAgent } from "@thaw/rpc"
import type { MessageInitShape } from "@bufbuild/protobuf"

/** A path in a guest, and as whom it is used */
export interface FileLocation {
  readonly sandboxId: string
  readonly path: Uint8Array
  /** Undefined: the template's default user */
  readonly user: string | undefined
}

/** What requests say about a path */
export interface PathRequest {
  readonly path: string
  readonly path_encoding?: "base64" | undefined
  readonly user?: string | undefined
}

/** Turns a path of a request into the bytes it stands for */
export function toPathBytes(path: string, encoding: "base64" | undefined): Uint8Array {
  return Buffer.from(path, encoding ?? "utf8")
}

export function toTarget(location: FileLocation): MessageInitShape<typeof hostAgent.FileTargetSchema> {
  return { sandboxId: location.sandboxId, path: location.path, user: location.user ?? "" }
}

/** The location that a request names in a sandbox */
export function toLocation(sandboxId: string, request: PathRequest): FileLocation {
  return { sandboxId, path: toPathBytes(request.path, request.path_encoding), user: request.user }
}
