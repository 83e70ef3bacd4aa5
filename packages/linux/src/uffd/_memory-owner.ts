// Program and worker thread of the tests: owns memory with a userfaultfd and touches it on demand.
import { closeSync, openSync } from "node:fs"
import { createInterface } from "node:readline"
import { isMainThread, parentPort, workerData } from "node:worker_threads"

import { removePages } from "../mem/remove-pages.ts"
import { mapSharedFile, viewMemory } from "../mem/shared-file-mapping.ts"
import { sendWithDescriptors } from "../unix/descriptor-message.ts"
import { connectUnix } from "../unix/unix-listener.ts"
import { UFFD_FEATURE } from "./uffd-abi.ts"
import { Userfaultfd } from "./userfaultfd.ts"

/** What a worker thread is asked: memory of its process, and what to do there */
export interface TouchRequest {
  readonly address: number
  readonly lengthBytes: number
  readonly action: "read" | "write" | "remove"
}

if (isMainThread) runProgram()
else runWorker(workerData as TouchRequest)

function runWorker({ address, lengthBytes, action }: TouchRequest): void {
  if (action === "remove") removePages(address, lengthBytes)
  const memory = viewMemory(address, lengthBytes)
  // `writeUInt8` reads first.
  if (action === "write") memory[0] = 7
  parentPort?.postMessage(action === "remove" ? 0 : memory.readUInt8(), [])
}

/** Says its address, then for each offset on stdin the byte there; hands its userfaultfd over when a socket is named */
function runProgram(): void {
  const [path = "", sizeBytes = "", socketPath] = process.argv.slice(2)
  const file = openSync(path, "r+")
  const { address, view } = mapSharedFile(file, Number(sizeBytes))
  closeSync(file)
  const uffd = Userfaultfd.open(UFFD_FEATURE.missingShmem)
  uffd.register(address, view.length)
  if (socketPath !== undefined) {
    sendWithDescriptors(connectUnix(socketPath), Buffer.from(String(address)), [uffd.fd])
  }
  console.log(address)
  createInterface({ input: process.stdin }).on("line", (line) => console.log(view.readUInt8(Number(line))))
}
