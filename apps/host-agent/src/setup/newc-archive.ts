/** One member of an archive. Owner is root, and the time 0, always: equal members make equal archives. */
export type ArchiveEntry =
  | { readonly kind: "directory"; readonly path: string; readonly mode: number }
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | {
      readonly kind: "character-device"
      readonly path: string
      readonly mode: number
      readonly major: number
      readonly minor: number
    }

const TYPE_BITS = {
  directory: 0o040000,
  file: 0o100000,
  link: 0o120000,
  "character-device": 0o020000,
} as const
const LINK_MODE = 0o777
const MAGIC = "070701"
const TRAILER = "TRAILER!!!"
const ALIGNMENT_BYTES = 4
const CONTENT_BYTES_MAX = 0xffff_ffff

/**
 * Encodes a cpio archive in the "new ASCII" format that the kernel reads an initramfs in; kernel documentation
 * driver-api/early-userspace/buffer-format, v6.1.
 *
 * @param entries Directories before what is in them; the kernel makes no parents by itself
 */
export function encodeNewcArchive(entries: readonly ArchiveEntry[]): Buffer {
  const parts: Uint8Array[] = []
  for (const [index, entry] of entries.entries()) parts.push(...encodeEntry(entry, index + 1))
  parts.push(...encodeMember({ name: TRAILER, inode: 0, mode: 0, links: 1, content: new Uint8Array() }))
  return Buffer.concat(parts)
}

function encodeEntry(entry: ArchiveEntry, inode: number): Uint8Array[] {
  const name = entry.path
  if (name === "" || name.startsWith("/") || name.includes("\0") || name.split("/").includes("..")) {
    throw new RangeError(`"${name}" is not a path in an archive`)
  }
  const mode = TYPE_BITS[entry.kind] | (entry.kind === "link" ? LINK_MODE : entry.mode)
  const links = entry.kind === "directory" ? 2 : 1
  const content =
    entry.kind === "file" ? entry.content : Buffer.from(entry.kind === "link" ? entry.target : "", "utf8")
  const device = entry.kind === "character-device" ? { major: entry.major, minor: entry.minor } : undefined
  return encodeMember({ name, inode, mode, links, content, ...(device === undefined ? {} : { device }) })
}

interface Member {
  readonly name: string
  readonly inode: number
  readonly mode: number
  readonly links: number
  readonly content: Uint8Array
  readonly device?: { readonly major: number; readonly minor: number }
}

function encodeMember(member: Member): Uint8Array[] {
  const { name, content, device } = member
  if (content.length > CONTENT_BYTES_MAX) throw new RangeError(`"${name}" is too large for an archive`)
  const nameBytes = Buffer.from(`${name}\0`, "utf8")
  const fields = [
    member.inode,
    member.mode,
    0, // owner
    0, // group
    member.links,
    0, // time of change
    content.length,
    0, // device it is on, major
    0, // and minor
    device?.major ?? 0,
    device?.minor ?? 0,
    nameBytes.length,
    0, // checksum, which this format leaves out
  ]
  const header = Buffer.from(
    MAGIC + fields.map((value) => value.toString(16).padStart(8, "0")).join(""),
    "latin1",
  )
  return [header, nameBytes, padding(header.length + nameBytes.length), content, padding(content.length)]
}

function padding(lengthBytes: number): Uint8Array {
  return new Uint8Array((ALIGNMENT_BYTES - (lengthBytes % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES)
}
