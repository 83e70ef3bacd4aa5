import { PlatformError } from "@thaw/model"

/**
 * A snapshot that cannot be used, and why.
 *
 * @param what Goes on the sentence `snapshot "x" cannot be used: `; without paths of the host
 */
export function snapshotDataLoss(
  id: string,
  what: string,
  options: { readonly cause?: unknown } = {},
): PlatformError {
  return new PlatformError("data_loss", `snapshot "${id}" cannot be used: ${what}`, {
    details: { snapshot_id: id },
    ...options,
  })
}

/** No such snapshot, and nothing that says there should be one */
export function snapshotNotFound(id: string): PlatformError {
  return new PlatformError("not_found", `snapshot "${id.slice(0, 64)}" does not exist`)
}
