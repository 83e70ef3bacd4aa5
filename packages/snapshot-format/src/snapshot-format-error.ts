/** What is wrong with snapshot data; a program tells the cases apart by it, a reader by the message */
export type SnapshotFormatErrorCode =
  /** Not a file of this kind */
  | "bad_magic"
  /** Written in a version that this code does not know */
  | "unsupported_version"
  /** Shorter than it says it is */
  | "truncated"
  /** Changed since it was written */
  | "bad_checksum"
  /** Over a limit of the format */
  | "too_large"
  /** Breaks a rule of the format */
  | "invalid"

/** Snapshot data that cannot be read, or that may not be written */
export class SnapshotFormatError extends Error {
  override readonly name = "SnapshotFormatError"
  readonly code: SnapshotFormatErrorCode

  constructor(code: SnapshotFormatErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
