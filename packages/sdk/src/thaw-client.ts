import {
  ExecResponseSchema,
  ListSandboxesResponseSchema,
  ListSnapshotsResponseSchema,
  ROUTES,
  SandboxSchema,
  TemplateSchema,
  formatCreateSnapshotQuery,
  formatListQuery,
  formatListSnapshotsQuery,
  type CreateSandboxBody,
  type CreateSnapshotBody,
  type ExecBody,
  type ExecResult,
  type ExecStreamClientBody,
  type ListSandboxesFilter,
  type ListSandboxesResponse,
  type ListSnapshotsFilter,
  type ListSnapshotsResponse,
  type SandboxBody,
  type TemplateBody,
  type UpdateSandboxBody,
} from "@thaw/api"

import { ExecSession } from "./exec-session.ts"
import { openExecSocket } from "./open-exec-socket.ts"
import { RestCaller } from "./rest-caller.ts"
import { SandboxFiles } from "./sandbox-files.ts"

export interface CallSignal {
  readonly signal?: AbortSignal
}

/** How a streamed command is started: the `start` message without its type */
export type ExecStreamStart = Omit<Extract<ExecStreamClientBody, { type: "start" }>, "type">

/**
 * A client of the REST API.
 *
 * Every call throws `PlatformError` with the code that the server gave, `unavailable` when no server answers, and `canceled` when its
 * `signal` aborts.
 */
export class ThawClient {
  readonly #caller: RestCaller

  /** @param options `url` of the control plane, such as `http://127.0.0.1:8080` */
  constructor(options: { url: string; apiKey: string }) {
    this.#caller = new RestCaller(options)
  }

  /** Creates a sandbox; answers when it runs */
  async createSandbox(body: CreateSandboxBody = {}, options: CallSignal = {}): Promise<SandboxBody> {
    return await this.#caller.callJson(ROUTES.createSandbox, SandboxSchema, {
      json: body,
      signal: options.signal,
    })
  }

  async getSandbox(id: string, options: CallSignal = {}): Promise<SandboxBody> {
    return await this.#caller.callJson(ROUTES.getSandbox, SandboxSchema, { id, signal: options.signal })
  }

  /** One page of sandboxes, newest first */
  async listSandboxes(
    filter: ListSandboxesFilter = {},
    options: CallSignal = {},
  ): Promise<ListSandboxesResponse> {
    return await this.#caller.callJson(ROUTES.listSandboxes, ListSandboxesResponseSchema, {
      query: formatListQuery(filter),
      signal: options.signal,
    })
  }

  /** Every sandbox of a filter, page after page */
  async *eachSandbox(
    filter: Omit<ListSandboxesFilter, "cursor"> = {},
    options: CallSignal = {},
  ): AsyncGenerator<SandboxBody, void, undefined> {
    let cursor: string | undefined
    do {
      const page = await this.listSandboxes(
        { ...filter, ...(cursor === undefined ? {} : { cursor }) },
        options,
      )
      yield* page.items
      cursor = page.next_cursor
    } while (cursor !== undefined)
  }

  /** Ends a sandbox; one that is stopped already is fine */
  async deleteSandbox(id: string, options: CallSignal = {}): Promise<void> {
    const response = await this.#caller.call(ROUTES.deleteSandbox, { id, signal: options.signal })
    response.resume()
  }

  /** Freezes a running sandbox to disk; answers when it is paused. A failure leaves it running. */
  async pauseSandbox(id: string, options: CallSignal = {}): Promise<SandboxBody> {
    return await this.#caller.callJson(ROUTES.pauseSandbox, SandboxSchema, { id, signal: options.signal })
  }

  /** Lets a paused sandbox run on; answers when it runs. A failure leaves it paused. */
  async resumeSandbox(id: string, options: CallSignal = {}): Promise<SandboxBody> {
    return await this.#caller.callJson(ROUTES.resumeSandbox, SandboxSchema, { id, signal: options.signal })
  }

  /** Changes how long a sandbox lives, what happens then, and its metadata, which is replaced as a whole */
  async updateSandbox(id: string, body: UpdateSandboxBody, options: CallSignal = {}): Promise<SandboxBody> {
    return await this.#caller.callJson(ROUTES.updateSandbox, SandboxSchema, {
      id,
      json: body,
      signal: options.signal,
    })
  }

  /**
   * Freezes a running or paused sandbox into a template; the sandbox keeps the status it had.
   *
   * @param options `overwrite` replaces a snapshot of that name. Default: `already_exists`
   */
  async createSnapshot(
    body: CreateSnapshotBody,
    options: CallSignal & { overwrite?: boolean } = {},
  ): Promise<TemplateBody> {
    return await this.#caller.callJson(ROUTES.createSnapshot, TemplateSchema, {
      json: body,
      query: formatCreateSnapshotQuery(options),
      signal: options.signal,
    })
  }

  /** All base templates and snapshots by name, or those of one type */
  async listSnapshots(
    filter: ListSnapshotsFilter = {},
    options: CallSignal = {},
  ): Promise<ListSnapshotsResponse> {
    return await this.#caller.callJson(ROUTES.listSnapshots, ListSnapshotsResponseSchema, {
      query: formatListSnapshotsQuery(filter),
      signal: options.signal,
    })
  }

  /** One base template or snapshot */
  async getSnapshot(name: string, options: CallSignal = {}): Promise<TemplateBody> {
    return await this.#caller.callJson(ROUTES.getSnapshot, TemplateSchema, { name, signal: options.signal })
  }

  /** Deletes a snapshot; sandboxes and snapshots that were made from it stay as they are */
  async deleteSnapshot(name: string, options: CallSignal = {}): Promise<void> {
    const response = await this.#caller.call(ROUTES.deleteSnapshot, { name, signal: options.signal })
    response.resume()
  }

  /** Runs a command to its end. A command that fails is a result, one that runs too long is `deadline_exceeded`. */
  async exec(id: string, body: ExecBody, options: CallSignal = {}): Promise<ExecResult> {
    return await this.#caller.callJson(ROUTES.exec, ExecResponseSchema, {
      id,
      json: body,
      signal: options.signal,
    })
  }

  /** Starts a command whose input and output are streamed */
  async openExec(id: string, start: ExecStreamStart): Promise<ExecSession> {
    const socket = await openExecSocket(
      this.#caller.urlOf(ROUTES.execStream, { id }),
      this.#caller.authHeaders,
    )
    socket.send(JSON.stringify({ type: "start", ...start }))
    return new ExecSession(socket)
  }

  files(id: string): SandboxFiles {
    return new SandboxFiles(this.#caller, id)
  }
}
