import assert from "node:assert/strict"
import { createHash, randomBytes } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"

import type { Api } from "./_api.ts"

const PROGRAM = join(import.meta.dirname, "_keeper.py")

/** Connects to the listener anew, says each argument and prints each answer */
const ASK =
  'exec 3<>/dev/tcp/127.0.0.1/7000; for c; do echo "$c" >&3; read -r a <&3 || exit 1; echo "$a"; done'

/**
 * A program in a sandbox that holds memory, a file it is writing, a listener and a connection, and a copy here of what its memory and disk
 * must hold.
 */
export class Keeper {
  readonly memory: Buffer
  readonly disk: Buffer
  readonly #api: Api
  readonly #id: string
  readonly #pid: string

  private constructor(api: Api, id: string, content: Buffer, pid: string) {
    this.#api = api
    this.#id = id
    this.#pid = pid
    this.memory = Buffer.from(content)
    this.disk = Buffer.from(content)
  }

  /** Starts one with `sizeBytes` of random data in memory and the same in a file */
  static async start(api: Api, id: string, sizeBytes: number): Promise<Keeper> {
    const content = randomBytes(sizeBytes)
    await upload(api, id, "disk", content)
    await upload(api, id, "keeper.py", await readFile(PROGRAM))
    await api.shell(
      id,
      `nohup python3 keeper.py > keeper.log 2>&1 &
      until (: < /dev/tcp/127.0.0.1/7000) 2> /dev/null; do sleep 0.05; done
      nohup python3 keeper.py client > client.log 2>&1 &
      until [ -e pings ]; do sleep 0.05; done`,
    )
    const [pid = ""] = await ask(api, id, ["pid"])
    return new Keeper(api, id, content, pid)
  }

  /** The same program in a sandbox that was spawned from a snapshot of this one's */
  in(id: string): Keeper {
    const other = new Keeper(this.#api, id, this.memory, this.#pid)
    this.disk.copy(other.disk)
    return other
  }

  async ask(...commands: string[]): Promise<string[]> {
    return await ask(this.#api, this.#id, commands)
  }

  /** Overwrites memory there and in the copy */
  async fillMemory(ranges: readonly FilledRange[]): Promise<void> {
    await this.ask(...ranges.map(({ offset, length, byte }) => `fill-memory ${offset} ${length} ${byte}`))
    for (const { offset, length, byte } of ranges) this.memory.fill(byte, offset, offset + length)
  }

  /** Overwrites the file there and in the copy */
  async fillDisk(ranges: readonly FilledRange[]): Promise<void> {
    await this.ask(...ranges.map(({ offset, length, byte }) => `fill-disk ${offset} ${length} ${byte}`))
    for (const { offset, length, byte } of ranges) this.disk.fill(byte, offset, offset + length)
  }

  /** Cuts the file off and makes it as long as it was again, with zeros */
  async truncateDisk(length: number): Promise<void> {
    await this.ask(`truncate-disk ${length}`)
    this.disk.fill(0, length)
  }

  async punchDisk(offset: number, length: number): Promise<void> {
    await this.#api.shell(this.#id, `fallocate --punch-hole --offset ${offset} --length ${length} disk`)
    this.disk.fill(0, offset, offset + length)
  }

  /** Reads a range, checks it, and only then writes it */
  async readThenWriteMemory(offset: number, length: number): Promise<void> {
    const range = this.memory.subarray(offset, offset + length)
    const [hash] = await this.ask(`read-memory ${offset} ${length}`)
    assert.equal(hash, sha256(range))
    await this.ask(`flip-memory ${offset} ${length}`)
    for (const [index, byte] of range.entries()) range[index] = byte ^ 0xff
  }

  /** Checks all of it. The file is read from the disk, not from the guest's page cache. */
  async check(): Promise<KeeperProgress> {
    const [pid, ticks, hash] = await this.ask("pid", "ticks", "hash-memory")
    assert.equal(pid, this.#pid)
    assert.equal(hash, sha256(this.memory), "memory")
    const file = await this.#api.shell(
      this.#id,
      "sync; echo 3 | sudo tee /proc/sys/vm/drop_caches > /dev/null; sha256sum < disk",
      { timeout_sec: 120 },
    )
    assert.equal(file, `${sha256(this.disk)}  -\n`, "disk")
    assert.equal(await this.#api.shell(this.#id, "cat keeper.log client.log"), "")
    const pings = Number(await this.#api.shell(this.#id, "cat pings"))
    await this.#checkHalves()
    return { ticks: Number(ticks), pings }
  }

  async #checkHalves(): Promise<void> {
    const text = await this.#api.shell(this.#id, "cat halves")
    const lines = text.slice(0, text.lastIndexOf("\n")).split("\n")
    assert.deepEqual(
      lines,
      lines.map((_, number) => `${number}:${number}`),
    )
  }
}

export interface FilledRange {
  readonly offset: number
  readonly length: number
  readonly byte: number
}

/** How far a keeper has come, in its file and over its connection */
export interface KeeperProgress {
  readonly ticks: number
  readonly pings: number
}

async function ask(api: Api, id: string, commands: readonly string[]): Promise<string[]> {
  const result = await api.exec(id, "bash", ["-c", ASK, "ask", ...commands], { timeout_sec: 120 })
  const answers = result.stdout.trimEnd().split("\n")
  if (result.exit_code === 0 && answers.length === commands.length) return answers
  throw new Error(`the keeper did not answer "${commands.join('", "')}": ${JSON.stringify(result)}`)
}

async function upload(api: Api, id: string, path: string, content: Uint8Array<ArrayBuffer>): Promise<void> {
  const form = new FormData()
  form.append("path", `/home/user/${path}`)
  form.append("file", new Blob([content]), path)
  const response = await api.fetch("POST", `/v1/sandboxes/${id}/files/write`, form)
  if (!response.ok) throw new Error(`upload of "${path}" failed: ${await response.text()}`)
}

export function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex")
}
