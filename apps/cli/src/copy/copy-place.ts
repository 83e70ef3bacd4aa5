import { PlatformError, isSandboxId } from "@thaw/model"

/** One end of a copy */
export type CopyPlace =
  | { readonly kind: "local"; readonly path: string }
  | { readonly kind: "sandbox"; readonly id: string; readonly path: string }
  /** Standard input or output, `-` */
  | { readonly kind: "stream" }

/** Reads `<sandbox id>:<path>`, a local path, or `-`. `./` before a local path keeps a colon in it from meaning anything. */
export function parseCopyPlace(text: string): CopyPlace {
  if (text === "-") return { kind: "stream" }
  const at = text.indexOf(":")
  const id = text.slice(0, at)
  if (at === -1 || !isSandboxId(id)) return { kind: "local", path: text }
  const path = text.slice(at + 1)
  return { kind: "sandbox", id, path: path === "" ? "." : path }
}

export type CopyPlan =
  | {
      readonly direction: "upload"
      readonly from: Exclude<CopyPlace, { kind: "sandbox" }>
      readonly id: string
      readonly to: string
    }
  | {
      readonly direction: "download"
      readonly id: string
      readonly from: string
      readonly to: Exclude<CopyPlace, { kind: "sandbox" }>
    }

/**
 * Decides what a copy is.
 *
 * @throws {PlatformError} `invalid_argument` unless exactly one end is in a sandbox
 */
export function planCopy(source: string, target: string): CopyPlan {
  const from = parseCopyPlace(source)
  const to = parseCopyPlace(target)
  if (from.kind !== "sandbox" && to.kind === "sandbox")
    return { direction: "upload", from, id: to.id, to: to.path }
  if (from.kind === "sandbox" && to.kind !== "sandbox")
    return { direction: "download", id: from.id, from: from.path, to }
  const count = from.kind === "sandbox" ? "both" : "none"
  const message = `one of source and target must be <sandbox id>:<path>, but ${count} of "${source}" and "${target}" is`
  throw new PlatformError("invalid_argument", message)
}
