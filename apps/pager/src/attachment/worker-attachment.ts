import { rmSync } from "node:fs"

import {
  Userfaultfd,
  closeDescriptor,
  findDescriptors,
  killByPidfd,
  takeDescriptor,
  type ProcessIdentity,
} from "@thaw/linux"
import { PlatformError } from "@thaw/model"
import type { BlockRange } from "@thaw/snapshot-format"

import type { FaultLoop } from "../fault-server/fault-loop.ts"
import { IntervalSet, type Interval } from "../fault-server/interval-set.ts"
import { MemoryRegions, type MemoryRegion } from "../fault-server/memory-regions.ts"
import { markRead, type ReadMarkWords } from "../fault-server/read-mark.ts"
import { serializeError } from "../fault-server/serialize-error.ts"
import { ServedVm } from "../fault-server/served-vm.ts"
import {
  NO_STATS,
  type AttachSpec,
  type RecordedWorkingSet,
  type VmEvent,
  type VmStats,
} from "../fault-server/worker-messages.ts"
import { MemorySource } from "../page-source/memory-source.ts"
import { readWorkingSet } from "../working-set/working-set-file.ts"
import {
  attachmentRecordPath,
  eventPagePath,
  readLastRemoved,
  removeAttachmentRecord,
  removedJournalPath,
  writeAttachmentRecord,
  type AttachmentRecord,
} from "./attachment-record.ts"
import { blockingVmm } from "./blocking-vmm.ts"
import { nameDiskFull } from "./disk-full.ts"
import { EventPage } from "./event-page.ts"
import { HandshakeWait, USERFAULTFD_LINK, type Handshake } from "./handshake-wait.ts"
import { openProcess } from "./open-process.ts"
import { RemovedJournal } from "./removed-journal.ts"

/** What attachments of one worker share */
export interface AttachmentContext {
  readonly loop: FaultLoop
  readonly emit: (event: VmEvent) => void
  /** Lent to whoever is served now */
  readonly buffer: Buffer
  readonly attachmentsDir: string
  readonly handshakeTimeoutMs: number
  readonly bootId: string
  readonly readMark: ReadMarkWords
  readonly onEnded: (attachment: WorkerAttachment) => void
}

/** Whose memory, and where in it */
interface Handover {
  readonly vmm: ProcessIdentity
  readonly regions: readonly MemoryRegion[]
}

type Origin = Pick<AttachmentRecord, "id" | "headerPath" | "buildsDir">

/**
 * One VM in its worker thread, and the owner of all that belongs to it.
 *
 *     attach → waiting ─handshake→ serving ─VMM ends, detach→ ended
 *                 └────────┬──────────┘                         ↑
 *                        failed: VMM told to end ──VMM ends─────┘
 *
 * A failed one keeps its userfaultfd until its VMM has ended, so that no thread of it ever sees a page that nobody vouches for.
 */
export class WorkerAttachment implements Disposable {
  readonly id: string
  readonly #origin: Origin
  readonly #context: AttachmentContext
  readonly #owned = new DisposableStack()
  /** What lets the loop call for it; ends before what it is called about */
  readonly #watching = new DisposableStack()
  #pidfd: number | undefined
  #served: ServedVm | undefined
  #removed = new IntervalSet()
  #workingSetPath: string | undefined
  #state: "waiting" | "serving" | "failed" | "ended" = "waiting"

  private constructor(origin: Origin, context: AttachmentContext) {
    this.id = origin.id
    this.#origin = origin
    this.#context = context
  }

  /**
   * Opens what a VM is served from and listens for its VMM.
   *
   * @throws {PlatformError} `data_loss` naming what is damaged
   */
  static listen(spec: AttachSpec, context: AttachmentContext): WorkerAttachment {
    const attachment = new WorkerAttachment(spec, context)
    try {
      const source = attachment.#openSource()
      const wait = new HandshakeWait({
        ...spec,
        loop: context.loop,
        timeoutMs: context.handshakeTimeoutMs,
        onHandshake: (handshake) => attachment.#begin(handshake, { source, spec }),
        onFailure: (error, pidfd) => {
          if (pidfd !== undefined) attachment.#watchProcess(pidfd)
          attachment.#fail(error)
        },
      })
      attachment.#owned.use(wait)
      return attachment
    } catch (error) {
      attachment[Symbol.dispose]()
      throw error
    }
  }

  /**
   * Takes over a VM that another pager served: its userfaultfd is still open in the VMM.
   *
   * @returns undefined when the VMM is gone; one that cannot be served any more is ended and told of like any other
   */
  static adopt(record: AttachmentRecord, context: AttachmentContext): WorkerAttachment | undefined {
    const pidfd = openProcess(record.vmm)
    if (pidfd === undefined) return undefined
    const attachment = new WorkerAttachment(record, context)
    attachment.#watchProcess(pidfd)
    for (const [offsetBytes, lengthBytes] of record.removed) {
      attachment.#removed.add(offsetBytes, offsetBytes + lengthBytes)
    }
    attachment.#guard(() => {
      const source = attachment.#openSource()
      const [fd] = findDescriptors(record.vmm.pid, USERFAULTFD_LINK)
      if (fd === undefined) throw new PlatformError("data_loss", "the VMM closed its userfaultfd")
      const uffdFd = takeDescriptor(pidfd, fd)
      attachment.#owned.defer(() => closeDescriptor(uffdFd))
      attachment.#serve({
        vmm: record.vmm,
        pidfd,
        uffdFd,
        regions: record.regions,
        source,
        runs: [],
        isAdopted: true,
      })
      attachment.#served?.wakeAll()
    })
    return attachment
  }

  get isEnded(): boolean {
    return this.#state === "ended"
  }

  get stats(): VmStats {
    return this.#served?.stats ?? NO_STATS
  }

  /** By memory offset */
  get removed(): IntervalSet["intervals"] {
    return this.#removed.intervals
  }

  takeRecording(): RecordedWorkingSet | undefined {
    const pages = this.#served?.takeRecording()
    return pages === undefined || this.#workingSetPath === undefined
      ? undefined
      : { pages, path: this.#workingSetPath }
  }

  /** Stops serving and forgets the VM, which lives on */
  detach(): VmStats {
    const { stats } = this
    this[Symbol.dispose]()
    removeAttachmentRecord(this.#recordPath)
    return stats
  }

  /** Closes all descriptors; the record stays, for another pager */
  [Symbol.dispose](): void {
    if (this.#state === "ended") return
    this.#state = "ended"
    this.#watching.dispose()
    this.#owned.dispose()
    this.#context.onEnded(this)
  }

  get #recordPath(): string {
    return attachmentRecordPath(this.#context.attachmentsDir, this.id)
  }

  #begin(handshake: Handshake, { source, spec }: { source: MemorySource; spec: AttachSpec }): void {
    this.#watchProcess(handshake.pidfd)
    const { vmm, pidfd, uffdFd, regions } = handshake
    this.#guard(() => {
      this.#owned.defer(() => closeDescriptor(uffdFd))
      this.#serve({
        vmm,
        pidfd,
        uffdFd,
        regions,
        source,
        runs: this.#planWorkingSet(spec, source),
        isAdopted: false,
      })
      this.#served?.requireRegistered()
    })
  }

  #serve(
    parts: Handover & {
      readonly pidfd: number
      readonly uffdFd: number
      readonly source: MemorySource
      readonly runs: readonly BlockRange[]
      readonly isAdopted: boolean
    },
  ): void {
    const { loop, buffer, emit, readMark } = this.#context
    const { pidfd } = parts
    const regions = new MemoryRegions(parts.regions, parts.source.memoryBytes)
    const onRemoved = this.#openJournal(parts, regions)
    const events = this.#owned.use(new EventPage(eventPagePath(this.#recordPath)))
    const uffd = Userfaultfd.fromDescriptor(parts.uffdFd, events.words)
    const served: ServedVm = new ServedVm({
      uffd,
      regions,
      source: parts.source,
      removed: this.#removed,
      buffer,
      isRecorded: this.#workingSetPath !== undefined,
      workingSet: parts.runs,
      onRemoved,
      onPrefetched: () => emit({ kind: "ready", id: this.id, stats: served.stats }),
      duringRead: (read) => markRead(readMark, pidfd, read),
    })
    this.#served = served
    this.#state = "serving"
    const stepper = {
      get nextStepAtMs() {
        return served.nextStepAtMs
      },
      step: () => this.#guard(() => served.step()),
    }
    loop.addStepper(stepper)
    this.#watching.defer(() => loop.removeStepper(stepper))
    loop.watch(
      uffd.fd,
      () => this.#guard(() => served.handleReadable()),
      () => this.#fail(blockingVmm()),
    )
    this.#watching.defer(() => loop.unwatch(uffd.fd))
  }

  /**
   * Begins what is kept of the VM for another pager. A VM that is adopted goes on with what it has, which takes no room on the disk.
   *
   * @returns What notes memory that was given back
   */
  #openJournal(
    parts: Handover & { readonly isAdopted: boolean },
    regions: MemoryRegions,
  ): (ranges: readonly Interval[]) => void {
    const path = this.#recordPath
    if (!parts.isAdopted) this.#writeRecord(parts)
    const journal = this.#owned.use(new RemovedJournal(removedJournalPath(path), { isKept: parts.isAdopted }))
    const note = (ranges: readonly Interval[]) => {
      if (journal.append(ranges)) return
      this.#writeRecord(parts)
      journal.clear()
      journal.append(ranges)
    }
    // The page of the last events is going to be read over.
    if (parts.isAdopted) note(readLastRemoved(path, regions))
    return note
  }

  /** @returns What to copy in first; when there is nothing to go by, the VM's own pages are recorded */
  #planWorkingSet({ workingSetPath, prefetch }: AttachSpec, source: MemorySource): readonly BlockRange[] {
    if (workingSetPath === undefined) return []
    const file = readWorkingSet(workingSetPath, source.memoryBytes)
    if (file.kind === "present") return prefetch ? file.runs : []
    if (file.kind === "damaged") {
      this.#context.emit({
        kind: "warning",
        id: this.id,
        message: `the working set is ignored and recorded anew: ${file.why}`,
      })
      rmSync(workingSetPath, { force: true })
    }
    this.#workingSetPath = workingSetPath
    return []
  }

  #openSource(): MemorySource {
    const { headerPath, buildsDir } = this.#origin
    return this.#owned.use(MemorySource.open(headerPath, buildsDir))
  }

  /** Takes the descriptor of the VMM over; its end is the attachment's */
  #watchProcess(pidfd: number): void {
    const { loop, emit } = this.#context
    this.#pidfd = pidfd
    emit({ kind: "connected", id: this.id, pidfd })
    this.#owned.defer(() => closeDescriptor(pidfd))
    this.#owned.defer(() => loop.unwatch(pidfd))
    loop.watch(pidfd, () => {
      const { stats } = this
      this.detach()
      emit({ kind: "ended", id: this.id, stats })
    })
  }

  #writeRecord({ vmm, regions }: Handover): void {
    writeAttachmentRecord(this.#recordPath, {
      version: 1,
      ...pickOrigin(this.#origin),
      bootId: this.#context.bootId,
      vmm: { pid: vmm.pid, startTicks: vmm.startTicks },
      regions: [...regions],
      removed: this.#removed.intervals.map(({ start, end }) => [start, end - start]),
    })
  }

  #guard(action: () => void): void {
    if (this.#state === "failed" || this.#state === "ended") return
    try {
      action()
    } catch (error) {
      this.#fail(nameDiskFull(error))
    }
  }

  /** No thread of the VM may wait for ever for a page that does not come, and none may go on without it */
  #fail(error: unknown): void {
    const { emit } = this.#context
    const { stats } = this
    this.#state = "failed"
    this.#watching.dispose()
    emit({ kind: "failed", id: this.id, error: serializeError(error), stats })
    if (this.#pidfd !== undefined && killByPidfd(this.#pidfd, "SIGKILL")) return
    this.detach()
    emit({ kind: "ended", id: this.id, stats })
  }
}

function pickOrigin({ id, headerPath, buildsDir }: Origin): Origin {
  return { id, headerPath, buildsDir }
}
