import { createHash, type Hash } from "node:crypto"

import { create } from "@bufbuild/protobuf"
import { LIMITS, PlatformError } from "@thaw/model"
import { hostAgent } from "@thaw/rpc"

import { specialContent, type FileContent } from "./special-files.ts"

interface SimulatedFile {
  readonly type: "file" | "directory"
  readonly mode: number
  readonly owner: string
  readonly sizeBytes: number
  readonly sha256: string
  /** Undefined for a file too large to be kept */
  readonly content: Buffer | undefined
  readonly modifiedAtMs: number
}

/** Larger files are counted and hashed, and their content dropped */
const KEPT_BYTES_MAX = 8 * 1024 * 1024
const HOME = "/home/user/"
const DEFAULT_USER = "user"

/** Paths are bytes; latin1 keeps each byte as one character */
function keyOf(path: Uint8Array): string {
  const text = Buffer.from(path).toString("latin1")
  return text.startsWith("/") ? text : HOME + text
}

/** The files of one simulated guest */
export class SimulatedFiles {
  readonly #files = new Map<string, SimulatedFile>()

  constructor() {
    for (const dir of ["/", "/home", "/home/user", "/tmp"]) this.#files.set(dir, directory(0o755, "root"))
  }

  /** The same files for another guest; what one of them changes the other does not see */
  copy(): SimulatedFiles {
    const copied = new SimulatedFiles()
    for (const [path, file] of this.#files) copied.#files.set(path, file)
    return copied
  }

  /** Size and hash of a file as they were written; for tests to compare */
  describe(path: string): { sizeBytes: number; sha256: string; mode: number; owner: string } | undefined {
    return this.#files.get(keyOf(Buffer.from(path)))
  }

  /** Starts a file that appears when it is finished */
  openWrite(target: hostAgent.FileTarget, mode: number | undefined): SimulatedWrite {
    const key = keyOf(target.path)
    if (key.startsWith("/root/") && target.user !== "root") {
      throw new PlatformError(
        "permission_denied",
        `"${key}" cannot be written by ${target.user || DEFAULT_USER}`,
      )
    }
    if (this.#files.get(key)?.type === "directory") {
      throw new PlatformError("invalid_argument", `"${key}" is a directory`)
    }
    return new SimulatedWrite((written) => {
      const replaced = this.#files.get(key)
      const file: SimulatedFile = {
        type: "file",
        mode: mode ?? replaced?.mode ?? 0o644,
        owner: target.user || DEFAULT_USER,
        modifiedAtMs: Date.now(),
        ...written,
      }
      this.#files.set(key, file)
      return toEntry(key, file)
    })
  }

  openRead(request: hostAgent.ReadFileRequest): { entry: hostAgent.FileEntry; content: FileContent } {
    const key = keyOf(targetOf(request.target).path)
    const special = specialContent(key, request)
    if (special !== undefined) {
      const file = { ...directory(0o644, "root"), type: "file" as const, sizeBytes: special.sizeBytes }
      return { entry: toEntry(key, file), content: special.content }
    }
    const file = this.#require(key)
    if (file.content === undefined || file.type !== "file") {
      throw new PlatformError("invalid_argument", `"${key}" is not a regular file that was kept`)
    }
    const start = Number(request.offset)
    const end = request.length === undefined ? undefined : start + Number(request.length)
    return { entry: toEntry(key, file), content: chunksOf(file.content.subarray(start, end)) }
  }

  stat(target: hostAgent.FileTarget): hostAgent.FileEntry {
    const key = keyOf(target.path)
    const special = specialContent(key, { offset: 0n, length: undefined })
    if (special !== undefined) {
      return toEntry(key, { ...directory(0o644, "root"), type: "file", sizeBytes: special.sizeBytes })
    }
    return toEntry(key, this.#require(key))
  }

  list(target: hostAgent.FileTarget): hostAgent.FileEntry[] {
    const key = keyOf(target.path)
    if (this.#require(key).type !== "directory") {
      throw new PlatformError("invalid_argument", `"${key}" is not a directory`)
    }
    const prefix = key.endsWith("/") ? key : `${key}/`
    return this.#files
      .entries()
      .filter(([path]) => path !== key && path.startsWith(prefix) && !path.slice(prefix.length).includes("/"))
      .map(([path, file]) => toEntry(path, file))
      .toArray()
      .sort((a, b) => Buffer.compare(a.path, b.path))
  }

  makeDir(request: hostAgent.MakeDirRequest): hostAgent.FileEntry {
    const key = keyOf(targetOf(request.target).path)
    const existing = this.#files.get(key)
    if (existing !== undefined && !(request.parents && existing.type === "directory")) {
      throw new PlatformError("already_exists", `"${key}" exists`)
    }
    const made = existing ?? directory(request.mode ?? 0o755, targetOf(request.target).user || DEFAULT_USER)
    this.#files.set(key, made)
    return toEntry(key, made)
  }

  move(request: hostAgent.MoveFileRequest): hostAgent.FileEntry {
    const from = keyOf(targetOf(request.target).path)
    const to = keyOf(request.to)
    const file = this.#require(from)
    if (this.#files.has(to) && !request.overwrite) throw new PlatformError("already_exists", `"${to}" exists`)
    this.#files.delete(from)
    this.#files.set(to, file)
    return toEntry(to, file)
  }

  remove(request: hostAgent.RemoveFileRequest): void {
    const key = keyOf(targetOf(request.target).path)
    if (this.#require(key).type === "directory" && !request.recursive) {
      throw new PlatformError("invalid_argument", `"${key}" is a directory; say recursive`)
    }
    for (const path of this.#files.keys().toArray()) {
      if (path === key || path.startsWith(`${key}/`)) this.#files.delete(path)
    }
  }

  #require(key: string): SimulatedFile {
    const file = this.#files.get(key)
    if (file === undefined) throw new PlatformError("not_found", `"${key}" does not exist`)
    return file
  }
}

type Written = Pick<SimulatedFile, "sizeBytes" | "sha256" | "content">

/** A file being written */
export class SimulatedWrite {
  readonly #hash: Hash = createHash("sha256")
  readonly #publish: (written: Written) => hostAgent.FileEntry
  #kept: Buffer[] | undefined = []
  #sizeBytes = 0

  constructor(publish: (written: Written) => hostAgent.FileEntry) {
    this.#publish = publish
  }

  add(chunk: Uint8Array): void {
    this.#hash.update(chunk)
    this.#sizeBytes += chunk.length
    if (this.#sizeBytes > KEPT_BYTES_MAX) this.#kept = undefined
    this.#kept?.push(Buffer.from(chunk))
  }

  finish(): hostAgent.FileEntry {
    return this.#publish({
      sizeBytes: this.#sizeBytes,
      sha256: this.#hash.digest("hex"),
      content: this.#kept === undefined ? undefined : Buffer.concat(this.#kept),
    })
  }
}

/** The target every file request must have */
export function targetOf(target: hostAgent.FileTarget | undefined): hostAgent.FileTarget {
  if (target === undefined) throw new PlatformError("invalid_argument", "the request has no target")
  return target
}

function directory(mode: number, owner: string): SimulatedFile {
  return {
    type: "directory",
    mode,
    owner,
    sizeBytes: 4096,
    sha256: "",
    content: undefined,
    modifiedAtMs: Date.now(),
  }
}

function toEntry(key: string, file: SimulatedFile): hostAgent.FileEntry {
  return create(hostAgent.FileEntrySchema, {
    path: Buffer.from(key, "latin1"),
    type: file.type,
    mode: file.mode,
    uid: 1000,
    gid: 1000,
    owner: file.owner,
    group: file.owner,
    size: BigInt(file.sizeBytes),
    modifiedAtMs: BigInt(file.modifiedAtMs),
  })
}

function* chunksOf(content: Buffer): Generator<Uint8Array> {
  for (let offset = 0; offset < content.length; offset += LIMITS.chunkBytesMax) {
    yield content.subarray(offset, offset + LIMITS.chunkBytesMax)
  }
}
