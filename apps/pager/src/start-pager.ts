import { mkdir, realpath } from "node:fs/promises"

import { openLogOutput, readBootId, tryLockFile } from "@thaw/linux"
import { PlatformError } from "@thaw/model"
import { pino, type Logger } from "pino"

import { AttachmentSet } from "./attachment/attachment-set.ts"
import { CaptureWorker } from "./capture/capture-worker.ts"
import type { PagerConfig } from "./config.ts"
import { watchIdle } from "./idle-watch.ts"
import { pagerPaths } from "./pager-paths.ts"
import { attachmentHandlers } from "./rpc/attachment-handlers.ts"
import { CaptureHandlers } from "./rpc/capture-handlers.ts"
import { pagerHandlers } from "./rpc/pager-handlers.ts"
import { serveRpc } from "./rpc/serve-rpc.ts"
import { readSourceVersion } from "./source-version.ts"

export interface Pager extends AsyncDisposable {
  readonly socketPath: string
  /** Settles, with the reason, when the pager has nothing more to do and is to be disposed of */
  readonly ended: Promise<string>
  /** Logs that it ends, and for whom that matters */
  readonly logStop: (reason: string) => void
}

export interface PagerOptions {
  readonly logger?: Logger
}

const DIRECTORY_MODE = 0o700

/**
 * Starts a pager: takes its part of the data directory, takes over the VMs of the pager before it, and serves its RPCs.
 *
 * Disposing it leaves VMs alone: they stand still at the next page they lack until another pager comes.
 *
 * @throws {PlatformError} `wrong_state` when another pager has the data directory
 */
export async function startPager(config: PagerConfig, options: PagerOptions = {}): Promise<Pager> {
  const logger = options.logger ?? pino({ name: "pager", level: config.logLevel }, openLogOutput())
  await using stack = new AsyncDisposableStack()
  await mkdir(config.dataDir, { recursive: true, mode: DIRECTORY_MODE })
  const paths = pagerPaths(await realpath(config.dataDir))
  await mkdir(paths.attachmentsDir, { recursive: true, mode: DIRECTORY_MODE })
  stack.use(lockDataDir(paths.lock, config.dataDir))
  const attachments = stack.use(
    new AttachmentSet({
      attachmentsDir: paths.attachmentsDir,
      handshakeTimeoutMs: config.handshakeTimeoutMs,
      bootId: await readBootId(),
      logger,
      onWorkerDeath: (reason) => die(reason, logger),
    }),
  )
  await attachments.adoptAll()
  const closing = new AbortController()
  const ended = Promise.withResolvers<string>()
  const capture = new CaptureHandlers({
    captures: stack.use(new CaptureWorker()),
    compactions: stack.use(new CaptureWorker()),
    attachments,
  })
  const isBusy = () => attachments.liveIds.length > 0 || capture.isBusy
  stack.use(
    await serveRpc({
      socketPath: paths.socket,
      logger,
      handlers: {
        ...pagerHandlers({
          version: await readSourceVersion(),
          attachments,
          isBusy,
          shutdown: () => ended.resolve("shutdown"),
        }),
        ...attachmentHandlers(attachments, {
          handshakeTimeoutMs: config.handshakeTimeoutMs,
          closing: closing.signal,
        }),
        ...capture.handlers,
      },
    }),
  )
  stack.defer(() => closing.abort())
  stack.use(
    watchIdle({
      timeoutMs: config.idleTimeoutMs,
      isBusy: () => isBusy() || attachments.watcherCount > 0,
      onIdle: () => ended.resolve("idle"),
    }),
  )
  logger.info({ socket: paths.socket, vms: attachments.liveIds }, "ready")
  const owned = stack.move()
  return {
    socketPath: paths.socket,
    ended: ended.promise,
    logStop: (reason) => logStop(reason, attachments.liveIds, logger),
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

function lockDataDir(lockPath: string, dataDir: string): Disposable {
  const lock = tryLockFile(lockPath)
  if (lock !== undefined) return lock
  throw new PlatformError("wrong_state", `another pager serves the data directory "${dataDir}"`)
}

function logStop(reason: string, ids: readonly string[], logger: Logger): void {
  if (ids.length === 0) logger.info({ reason }, "pager ends")
  else
    logger.warn(
      { reason, ids },
      "pager ends; these VMs stand still at the next page they lack, until the next pager comes",
    )
}

/** At once and without a word to the workers, of which one may be stuck: the next pager takes over what they had */
function die(reason: Error, logger: Logger): void {
  logger.fatal({ err: reason }, "a fault worker is lost; the pager ends")
  process.kill(process.pid, "SIGKILL")
}
