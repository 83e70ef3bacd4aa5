import { createHash } from "node:crypto"
import { mkdir, readFile, realpath } from "node:fs/promises"
import { availableParallelism, totalmem } from "node:os"
import { join } from "node:path"

import { openLogOutput, tryLockFile } from "@thaw/linux"
import { LIMITS, MIB, PlatformError, parseTemplateName, planHostCapacity } from "@thaw/model"
import { pino, type Logger } from "pino"

import packageJson from "../package.json" with { type: "json" }
import type { HostAgentConfig } from "./config.ts"
import { hostPaths, type HostPaths } from "./host-paths.ts"
import { openHostNetwork } from "./network/host-network.ts"
import { openSlotClaims, SLOT_CLAIMS_DIR } from "./network/slot-claims.ts"
import { openSlotPool } from "./network/slot-pool.ts"
import { Pager } from "./pager/pager.ts"
import { Qcow2Store } from "./rootfs/qcow2/qcow2-store.ts"
import { execHandlers } from "./rpc/exec-handlers.ts"
import { fileHandlers } from "./rpc/file-handlers.ts"
import type { HostDescription } from "./rpc/host-description.ts"
import { sandboxHandlers } from "./rpc/sandbox-handlers.ts"
import { serveRpc } from "./rpc/serve-rpc.ts"
import { listTemplates, snapshotHandlers } from "./rpc/snapshot-handlers.ts"
import { HostCapacityLedger } from "./sandbox/host-capacity.ts"
import { recoverSandboxes } from "./sandbox/recover-sandboxes.ts"
import { removeLeftovers } from "./sandbox/remove-leftovers.ts"
import type { SandboxDeps } from "./sandbox/sandbox-deps.ts"
import { SandboxJournal } from "./sandbox/sandbox-journal.ts"
import { SandboxSet } from "./sandbox/sandbox-set.ts"
import type { StepObserver } from "./sandbox/steps.ts"
import { WarmTemplates } from "./sandbox/warm-templates.ts"
import type { SandboxReference } from "./snapshot/references.ts"
import { SnapshotStore } from "./snapshot/snapshot-store.ts"
import { TemplateStore } from "./template/template-store.ts"
import { probeAccelerator } from "./vmm/qemu/probe-accelerator.ts"
import { QemuDriver } from "./vmm/qemu/qemu-driver.ts"

export interface HostAgent extends AsyncDisposable {
  readonly url: string
}

export interface HostAgentOptions {
  readonly logger?: Logger
  /** Told before each step of a create; tests make steps fail with it */
  readonly stepObserver?: StepObserver
}

const ACCELERATOR_CACHE = "/run/thaw/accelerator.json"
const MAX_TOKEN_BYTES = 1024

/**
 * Starts a host agent: takes its data directory, adopts the sandboxes that run, and serves its RPCs.
 *
 * Disposing it leaves running sandboxes alone; a later host agent on the same data directory adopts them.
 *
 * @throws {PlatformError} `wrong_state` when another host agent has the data directory; `unavailable` when the host is not set up
 */
export async function startHostAgent(
  config: HostAgentConfig,
  options: HostAgentOptions = {},
): Promise<HostAgent> {
  const logger = options.logger ?? pino({ name: "host-agent", level: config.logLevel }, openLogOutput())
  await using stack = new AsyncDisposableStack()
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  stack.use(lockDataDir(config.dataDir))
  const token = await readToken(config.tokenFile)
  const paths = hostPaths(await realpath(config.dataDir), {
    ...(config.artifactsDir === undefined ? {} : { artifactsDir: config.artifactsDir }),
    ...(config.templatesDir === undefined ? {} : { templatesDir: config.templatesDir }),
  })
  const dataDirId = createHash("sha256").update(paths.dataDir).digest("hex").slice(0, 8)
  const network = await openHostNetwork({ dataDirId })
  const { deps, sandboxes, references } = await openSandboxes(stack, {
    config,
    options,
    paths,
    dataDirId,
    logger,
  })
  let isRecovered = false
  stack.defer(async () => {
    await sandboxes.detachAll()
    await deps.warm[Symbol.asyncDispose]()
    await deps.slots.close()
    // Running sandboxes need the host's rules, those not yet recovered too; the last one to leave takes them along.
    if (isRecovered && sandboxes.list().every((sandbox) => sandbox.hostIp === "")) await network.close()
  })
  await recoverSandboxes(deps, sandboxes)
  isRecovered = true
  references.isComplete = true
  deps.snapshots.sweepSoon()
  deps.slots.refill()
  const closing = new AbortController()
  const server = stack.use(
    await serveRpc({
      listen: config.listen,
      token,
      logger,
      handlers: {
        ...sandboxHandlers(sandboxes, describeHost(deps), closing.signal),
        ...snapshotHandlers(sandboxes, deps),
        ...execHandlers(sandboxes),
        ...fileHandlers(sandboxes),
      },
    }),
  )
  stack.defer(() => closing.abort())
  if (config.isPrewarming) prewarm(deps, closing.signal)
  logger.info(
    { url: server.url, accelerator: deps.vmm.accelerator, sandboxes: sandboxes.list().length },
    "ready",
  )
  const owned = stack.move()
  return { url: server.url, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

interface SandboxesContext {
  readonly config: HostAgentConfig
  readonly options: HostAgentOptions
  readonly paths: HostPaths
  readonly dataDirId: string
  readonly logger: Logger
}

/** Opens all that sandboxes are made with. What must be closed goes onto `stack`. */
async function openSandboxes(
  stack: AsyncDisposableStack,
  { config, options, paths, dataDirId, logger }: SandboxesContext,
): Promise<{
  readonly deps: SandboxDeps
  readonly sandboxes: SandboxSet
  readonly references: SandboxReferences
}> {
  const journal = new SandboxJournal(paths.sandboxesDir)
  const vmm = await QemuDriver.open({ accelerator: await chooseAccelerator(config, paths, logger) })
  const slots = openSlotPool({
    claims: await openSlotClaims({ dir: SLOT_CLAIMS_DIR, dataDirId }),
    size: config.slotPoolSize,
    onError: (error) => logger.warn({ err: error }, "slot pool"),
  })
  const rootfs = new Qcow2Store()
  const references: SandboxReferences = { sandboxes: undefined, isComplete: false }
  const pager = stack.use(
    await Pager.open({
      dataDir: paths.dataDir,
      pagerDir: paths.pagerDir,
      logger,
      isPrefetching: config.isPrefetching,
      logLevel: config.logLevel,
      onFailure: (sandbox, reason) => logger.error({ sandbox, reason }, "the pager ended a VM"),
      onLost: () => references.sandboxes?.list().forEach((sandbox) => sandbox.giveUp("the pager is gone")),
    }),
  )
  const readSandboxReferences = async () => await readReferences(journal, references)
  const snapshots = stack.use(await SnapshotStore.open({ paths, logger, readSandboxReferences }))
  const leftoverDeps = { journal, vmm, pager, dataDirId, diskFiles: rootfs.fileNames }
  const withoutWarm: Omit<SandboxDeps, "warm"> = {
    paths,
    dataDirId,
    capacity: new HostCapacityLedger(
      planHostCapacity({ cpus: availableParallelism(), memoryMib: Math.floor(totalmem() / MIB) }),
    ),
    slots,
    rootfs,
    vmm,
    pager,
    snapshots,
    templates: new TemplateStore(paths),
    dnsServers: config.dnsServers,
    bootTimeoutMs: config.bootTimeoutMs,
    journal,
    logger,
    removeLeftovers: async (record, { keepDisk }) =>
      await removeLeftovers(record, { keepDisk }, leftoverDeps),
    ...(options.stepObserver === undefined ? {} : { stepObserver: options.stepObserver }),
  }
  const deps: SandboxDeps = { ...withoutWarm, warm: new WarmTemplates(withoutWarm) }
  references.sandboxes = new SandboxSet(deps)
  return { deps, sandboxes: references.sandboxes, references }
}

interface SandboxReferences {
  sandboxes: SandboxSet | undefined
  /** Whether every record has been read */
  isComplete: boolean
}

/** What the records of all sandboxes name. Raises as long as that is not known in full. */
async function readReferences(
  journal: SandboxJournal,
  { sandboxes, isComplete }: SandboxReferences,
): Promise<SandboxReference[]> {
  if (sandboxes === undefined || !isComplete) throw new Error("the records of sandboxes are being read")
  if (await journal.hasBroken()) {
    throw new Error("a record in broken/ may name data that is needed: nothing is deleted while it is there")
  }
  return sandboxes.list().map(({ record: { snapshotId, layers } }) => ({ snapshotId, layers }))
}

/** Boots and freezes the default size of `base` before anyone asks for it. A failure is the first create's to tell. */
function prewarm(deps: SandboxDeps, signal: AbortSignal): void {
  const { vcpusDefault: vcpus, memoryMibDefault: memoryMib } = LIMITS
  const size = { template: parseTemplateName("base"), vcpus, memoryMib }
  deps.warm.open(size, signal).then(
    (held) => held[Symbol.dispose](),
    (error: unknown) => deps.logger.warn({ err: error }, "template base could not be made warm"),
  )
}

function lockDataDir(dataDir: string): Disposable {
  const lock = tryLockFile(join(dataDir, "host-agent.lock"))
  if (lock !== undefined) return lock
  throw new PlatformError("wrong_state", `another host agent uses the data directory "${dataDir}"`)
}

async function readToken(path: string): Promise<string> {
  const token = (await readFile(path, "utf8")).trim()
  if (token.length >= 16 && token.length <= MAX_TOKEN_BYTES) return token
  throw new PlatformError(
    "invalid_argument",
    `the token in "${path}" must have 16 to ${MAX_TOKEN_BYTES} characters`,
  )
}

async function chooseAccelerator(
  config: HostAgentConfig,
  paths: HostPaths,
  logger: Logger,
): Promise<"kvm" | "tcg"> {
  if (config.accelerator !== "auto") return config.accelerator
  const probe = await probeAccelerator({ kernel: paths.kernel, cachePath: ACCELERATOR_CACHE })
  logger.info(probe, "accelerator")
  return probe.accelerator
}

function describeHost(deps: SandboxDeps): HostDescription {
  const { capacity, vmm, rootfs } = deps
  return {
    capacity: capacity.capacity,
    describe: async () => ({
      version: packageJson.version,
      vmm: vmm.name,
      accelerator: vmm.accelerator,
      rootfs: rootfs.name,
      vcpusMax: capacity.capacity.vcpusMax,
      memoryMibMax: capacity.capacity.memoryMibMax,
      sandboxesMax: capacity.capacity.sandboxesMax,
      sandboxesRunning: capacity.sandboxesRunning,
      memoryMibUsed: capacity.memoryMibUsed,
      templates: await listTemplates(deps),
    }),
  }
}
