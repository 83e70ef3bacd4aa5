import { copyFile, mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { MIB, parseTemplateName } from "@thaw/model"
import { pager, type PagerClient } from "@thaw/rpc"
import {
  BLOCK_BYTES,
  DirtySet,
  crc32,
  encodeBuildTrailer,
  encodeHeader,
  mergeHeader,
  parseBuildId,
  planCompaction,
  type MemoryHeader,
} from "@thaw/snapshot-format"
import { create } from "@bufbuild/protobuf"
import { pino } from "pino"

import { hostPaths, type HostPaths } from "../host-paths.ts"
import { readHeader } from "./read-header.ts"
import type { Snapshot } from "./read-snapshot.ts"
import type { SandboxReference } from "./references.ts"
import type { PublishStep, SnapshotDraft, SnapshotFacts } from "./snapshot-draft.ts"
import { SnapshotStore } from "./snapshot-store.ts"

export const MEMORY_MIB = 1
export const PAGES = (MEMORY_MIB * MIB) / BLOCK_BYTES
export const BASE = parseTemplateName("base")
const TEMPLATE_BUILD = "0000000000000001"

export const FACTS: SnapshotFacts = {
  vmm: { name: "qemu", version: "7.2.0", accelerator: "tcg" },
  vcpus: 1,
  memoryMib: MEMORY_MIB,
  template: BASE,
  templateBuild: { name: BASE, buildId: TEMPLATE_BUILD },
  guestToken: "ab".repeat(32),
  layers: [],
}

export interface StoreFixture extends AsyncDisposable {
  readonly paths: HostPaths
  readonly store: SnapshotStore
  /** What the records of sandboxes name, by sandbox */
  readonly sandboxes: Map<string, SandboxReference>
  readonly log: string[]
  /** Called on the way through a publish */
  onPublishStep: (step: PublishStep) => void
  /** Called while a sweep reads the references */
  onReadReferences: () => Promise<void> | void
  /** The store that a host agent opens which starts anew in the same directory */
  reopen(): Promise<SnapshotStore>
}

/** A store in a temporary directory, with one base template */
export async function openStoreFixture(
  options: { readonly memoryBuildsMax?: number } = {},
): Promise<StoreFixture> {
  const directory = await mkdtemp(join(tmpdir(), "thaw-snapshots-"))
  const paths = hostPaths(directory)
  const templateDir = join(paths.templatesDir, BASE, TEMPLATE_BUILD)
  await mkdir(templateDir, { recursive: true })
  await writeFile(join(templateDir, "rootfs.ext4"), "rootfs")
  const log: string[] = []
  const logger = pino({ level: "info" }, { write: (line: string) => void log.push(line) })
  const sandboxes = new Map<string, SandboxReference>()
  const opened: SnapshotStore[] = []
  const reopen = async () => {
    const store = await SnapshotStore.open({
      ...options,
      paths,
      logger,
      readSandboxReferences: async () => {
        const references = [...sandboxes.values()]
        await fixture.onReadReferences()
        return references
      },
      onPublishStep: (step) => fixture.onPublishStep(step),
    })
    opened.push(store)
    return store
  }
  const fixture = {
    paths,
    sandboxes,
    log,
    reopen,
    onPublishStep: (() => {}) as StoreFixture["onPublishStep"],
    onReadReferences: (): Promise<void> | void => {},
    [Symbol.asyncDispose]: async () => {
      for (const store of opened) await store[Symbol.asyncDispose]()
      await rm(directory, { recursive: true })
    },
  }
  return Object.assign(fixture, { store: await reopen() })
}

/** Page number → what its bytes are; zero is a page of zeroes */
export type Pages = Readonly<Record<number, number>>

/** Writes into a draft what a capture, a VMM and a copy of a disk would */
export async function fillDraft(
  draft: SnapshotDraft,
  options: { readonly parent?: Snapshot | undefined; readonly pages: Pages; readonly disk?: string },
): Promise<void> {
  const dirty = new DirtySet()
  const blocks: Buffer[] = []
  for (const [page, value] of Object.entries(options.pages)) {
    if (value === 0) dirty.addZero(Number(page) * BLOCK_BYTES, BLOCK_BYTES)
    else {
      dirty.addData(Number(page) * BLOCK_BYTES, BLOCK_BYTES)
      blocks.push(Buffer.alloc(BLOCK_BYTES, value))
    }
  }
  const buildId = parseBuildId(draft.buildId)
  const parent = options.parent && (await readHeader(options.parent.headerPath))
  const header = mergeHeader(parent, dirty, { memoryBytes: MEMORY_MIB * MIB, buildId })
  if (blocks.length > 0) await writeBuild(join(draft.buildsDir, buildId), { buildId, blocks })
  await writeFile(draft.headerPath, encodeHeader(header))
  await writeFile(draft.statePath, `state of ${draft.id}`)
  if (options.disk !== undefined) await writeFile(draft.layerPath, options.disk)
}

async function writeBuild(
  path: string,
  {
    buildId,
    blocks,
  }: { readonly buildId: ReturnType<typeof parseBuildId>; readonly blocks: readonly Buffer[] },
): Promise<void> {
  const checksums = Uint32Array.from(blocks, (block) => crc32(block))
  await writeFile(path, Buffer.concat([...blocks, encodeBuildTrailer({ buildId, checksums })]))
}

/** Makes a snapshot that `owner`, a sandbox, is paused at from then on */
export async function pauseAt(
  fixture: StoreFixture,
  owner: string,
  options: { readonly parent?: Snapshot | undefined; readonly pages: Pages; readonly disk?: string },
): Promise<Snapshot> {
  await using draft = await fixture.store.begin({ parentId: options.parent?.id })
  await fillDraft(draft, options)
  const rootfs = options.disk === undefined ? {} : { rootfs: { sizeBytes: BLOCK_BYTES } }
  const snapshot = await draft.publish({ ...FACTS, ...rootfs })
  fixture.sandboxes.set(owner, { snapshotId: snapshot.id })
  return snapshot
}

/** First byte of every page of a frozen VM's memory */
export async function readPages(
  snapshot: Pick<Snapshot, "headerPath">,
  buildsDir: string,
): Promise<number[]> {
  return await readMemory(await readHeader(snapshot.headerPath), buildsDir)
}

async function readMemory(header: MemoryHeader, buildsDir: string): Promise<number[]> {
  const pages: number[] = Array.from({ length: PAGES }, () => 0)
  const byte = Buffer.alloc(1)
  for (const { offsetBytes, lengthBytes, build, buildOffsetBytes } of header.mappings) {
    if (build === undefined) continue
    await using file = await open(join(buildsDir, build), "r")
    for (let at = 0; at < lengthBytes; at += BLOCK_BYTES) {
      await file.read(byte, 0, 1, buildOffsetBytes + at)
      pages[(offsetBytes + at) / BLOCK_BYTES] = byte.readUInt8(0)
    }
  }
  return pages
}

/** A pager that compacts for real; `beforeAnswer` runs when all is written */
export function simulatePager(
  beforeAnswer: () => Promise<void> | void = () => {},
): Pick<PagerClient, "compact"> {
  return {
    compact: async (request) => {
      const { headerPath = "", buildsDir = "", mergeBuildIds = [], newHeaderPath = "" } = request
      const buildId = parseBuildId(request.buildId ?? "")
      const merge = new Set(mergeBuildIds.map(parseBuildId))
      const plan = planCompaction(await readHeader(headerPath), { merge, buildId })
      const blocks: Buffer[] = []
      for (const { build, buildOffsetBytes, lengthBytes } of plan.copies) {
        const data = (await readFile(join(buildsDir, build))).subarray(
          buildOffsetBytes,
          buildOffsetBytes + lengthBytes,
        )
        for (let at = 0; at < lengthBytes; at += BLOCK_BYTES) blocks.push(data.subarray(at, at + BLOCK_BYTES))
      }
      await writeBuild(join(buildsDir, buildId), { buildId, blocks })
      await writeFile(newHeaderPath, encodeHeader(plan.header))
      await beforeAnswer()
      return create(pager.CompactResponseSchema, { dataPages: BigInt(blocks.length), bytesWritten: 1n })
    },
  }
}

/** Flips one bit of a file */
export async function flipBit(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path)
  const at = offset < 0 ? bytes.length + offset : offset
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  await writeFile(path, bytes)
}

/** Copies a file over another */
export async function replaceBy(path: string, other: string): Promise<void> {
  await copyFile(other, path)
}
