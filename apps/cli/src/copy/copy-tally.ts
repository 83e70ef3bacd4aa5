/** What a copy has done so far */
export class CopyTally {
  files = 0
  directories = 0
  symlinks = 0
  bytes = 0
  /** Sockets, devices and pipes, which are left out */
  readonly skipped: string[] = []

  toJSON() {
    const { files, directories, symlinks, bytes, skipped } = this
    return { files, directories, symlinks, bytes, skipped }
  }
}
