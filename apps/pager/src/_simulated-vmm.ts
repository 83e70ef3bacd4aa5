import { createHash } from "node:crypto"
import { closeSync, ftruncateSync, openSync } from "node:fs"
import { createInterface } from "node:readline"
import { parseArgs } from "node:util"
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads"

import {
  UFFD_FEATURE,
  Userfaultfd,
  closeDescriptor,
  connectUnix,
  mapSharedFile,
  removePages,
  setBlocking,
  sendWithDescriptors,
  viewMemory,
} from "@thaw/linux"

/**
 * A process that does with its memory what a restored VMM does: maps a file, hands its page faults over, and touches pages in several threads.
 *
 * Commands come as lines of JSON on stdin and are answered as lines on stdout. A thread that waits for a page does not keep the others from
 * answering.
 */

export interface VmmCommand {
  readonly id: number
  readonly thread: number
  /**
   * - `hash`: of a range · `bytes`: the first of each page, as base64
   * - `fill`: writes `value` to a range · `remove`: gives a range back
   * - `unmap`: takes all memory out of the address space; whichever thread is asked, the main one does it
   * - `block`: makes the userfaultfd block
   * - `flip`: makes it block and not block in turns, takes what it has to say away from the pager, and never answers
   * - `touch`: reads a byte of each page of `pages`, and answers how long each took in µs
   */
  readonly op: "hash" | "bytes" | "fill" | "remove" | "unmap" | "touch" | "block" | "flip"
  readonly offset: number
  readonly length: number
  readonly value?: number
  readonly pages?: readonly number[]
}

interface ThreadData {
  readonly uffdFd: number
  readonly address: number
  readonly memoryBytes: number
}

const PAGE_BYTES = 4096

if (isMainThread) runVmm()
else runThread(workerData as ThreadData)

function runVmm(): void {
  const { values } = parseArgs({
    options: {
      memory: { type: "string", default: "" },
      bytes: { type: "string", default: "0" },
      socket: { type: "string", default: "" },
      threads: { type: "string", default: "1" },
      /** Sent instead of a good handshake */
      message: { type: "string" },
      /** How many userfaultfds go along */
      descriptors: { type: "string", default: "1" },
    },
  })
  const memoryBytes = Number(values.bytes)
  const fd = openSync(values.memory, "w+", 0o600)
  ftruncateSync(fd, memoryBytes)
  const mapping = mapSharedFile(fd, memoryBytes)
  closeSync(fd)
  const uffd = Userfaultfd.open(
    UFFD_FEATURE.missingShmem | UFFD_FEATURE.eventRemove | UFFD_FEATURE.eventUnmap,
  )
  uffd.register(mapping.address, memoryBytes)
  const region = { base_host_virt_addr: mapping.address, size: memoryBytes, offset: 0, page_size: PAGE_BYTES }
  const socket = connectUnix(values.socket)
  const message = Buffer.from(values.message ?? JSON.stringify([region]))
  const fds = Array.from({ length: Number(values.descriptors) }, () => uffd.fd)
  if (message.length > 0) sendWithDescriptors(socket, message, fds)
  if (message.length > 0) closeDescriptor(socket)

  const data: ThreadData = { uffdFd: uffd.fd, address: mapping.address, memoryBytes }
  const threads = Array.from({ length: Number(values.threads) }, () => {
    const thread = new Worker(new URL(import.meta.url), { workerData: data })
    thread.on("message", (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`))
    return thread
  })
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      const command = JSON.parse(line) as VmmCommand
      if (command.op === "unmap") {
        mapping[Symbol.dispose]()
        process.stdout.write(`${JSON.stringify({ id: command.id, result: null })}\n`)
      } else {
        threads[command.thread]?.postMessage(command)
      }
    })
    // Threads may wait for a page for ever.
    .on("close", () => process.kill(process.pid, "SIGKILL"))
}

function runThread({ address, memoryBytes, uffdFd }: ThreadData): void {
  const memory = viewMemory(address, memoryBytes)
  let touched = 0
  const run = ({ op, offset, length, value, pages }: VmmCommand): unknown => {
    const range = memory.subarray(offset, offset + length)
    switch (op) {
      case "hash":
        return createHash("sha256").update(range).digest("hex")
      case "bytes":
        return Buffer.from(
          Array.from({ length: length / PAGE_BYTES }, (_, page) => range[page * PAGE_BYTES] ?? 0),
        ).toString("base64")
      case "fill":
        range.fill(value ?? 0)
        return null
      case "remove":
        removePages(address + offset, length)
        return null
      case "unmap":
        return null
      case "block":
        setBlocking(uffdFd)
        return null
      case "flip":
        return flip(uffdFd)
      case "touch":
        return (pages ?? []).map((page) => {
          const start = performance.now()
          // A read whose value nobody wants is not done.
          touched += memory[page * PAGE_BYTES] ?? 0
          return (performance.now() - start) * 1000
        })
    }
  }
  parentPort?.on("message", (command: VmmCommand) => {
    parentPort?.postMessage({ id: command.id, result: run(command), touched }, [])
  })
}

function flip(uffdFd: number): never {
  const uffd = Userfaultfd.fromDescriptor(uffdFd)
  for (;;) {
    uffd.readEvents()
    setBlocking(uffdFd)
  }
}
