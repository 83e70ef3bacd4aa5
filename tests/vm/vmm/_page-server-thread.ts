import { closeSync, openSync, readSync } from "node:fs"
import { workerData } from "node:worker_threads"

import {
  PollSet,
  Userfaultfd,
  acceptUnix,
  closeDescriptor,
  listenUnix,
  receiveWithDescriptors,
} from "@thaw/linux"

import { LISTENING, STOPPED, type PageServerData } from "./_page-server.ts"

const PAGE_BYTES = 4096
const POLL_MS = 20

interface Region {
  readonly base_host_virt_addr: number
  readonly size: number
  readonly offset: number
}

const { socketPath, uid, memoryPath, pagesMax, shared } = workerData as PageServerData
const state = new Int32Array(shared)
const isStopped = () => Atomics.load(state, 0) === STOPPED

function waitFor<Value>(fd: number, read: () => Value | undefined): Value | undefined {
  const set = new PollSet()
  set.add(fd)
  while (!isStopped()) {
    if (set.wait(POLL_MS).length === 0) continue
    const value = read()
    if (value !== undefined) return value
  }
  return undefined
}

function receiveMemory(): { readonly uffd: Userfaultfd; readonly region: Region } | undefined {
  using listener = listenUnix(socketPath, { mode: 0o600, uid })
  Atomics.store(state, 0, LISTENING)
  Atomics.notify(state, 0)
  const connection = waitFor(listener.fd, () => acceptUnix(listener.fd))
  if (connection === undefined) return undefined
  try {
    const message = waitFor(connection, () => receiveWithDescriptors(connection, PAGE_BYTES))
    const [fd] = message?.fds ?? []
    if (message === undefined || fd === undefined) return undefined
    const [region] = JSON.parse(message.data.toString()) as Region[]
    return region === undefined ? undefined : { uffd: Userfaultfd.fromDescriptor(fd), region }
  } finally {
    closeDescriptor(connection)
  }
}

function serve(uffd: Userfaultfd, region: Region): void {
  const memory = openSync(memoryPath, "r")
  const page = Buffer.alloc(PAGE_BYTES)
  const set = new PollSet()
  set.add(uffd.fd)
  let served = 0
  while (!isStopped()) {
    if (set.wait(POLL_MS).length === 0) continue
    for (const event of uffd.readEvents()) {
      if (event.kind !== "pagefault" || served === pagesMax) continue
      const address = event.address - (event.address % PAGE_BYTES)
      readSync(memory, page, 0, PAGE_BYTES, region.offset + address - region.base_host_virt_addr)
      const { outcome } = uffd.copy(address, page, PAGE_BYTES)
      if (outcome === "exists") uffd.wake(address, PAGE_BYTES)
      served += 1
    }
  }
  closeSync(memory)
}

const received = receiveMemory()
if (received !== undefined) {
  using uffd = received.uffd
  serve(uffd, received.region)
}
