import type { IncomingMessage } from "node:http"
import type { Readable } from "node:stream"

import type { Route } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import type { z } from "zod"

import { sendRequest } from "./http-transport.ts"
import { readError, readJson } from "./read-body.ts"

export interface CallOptions {
  /** For the `{id}` in the route's path */
  readonly id?: string | undefined
  /** For the `{name}` in the route's path */
  readonly name?: string
  /** Query string without the `?` */
  readonly query?: string
  /** Sent as JSON; properties that are undefined are left out */
  readonly json?: object
  /** Sent as it is, with `contentType` */
  readonly body?: Readable
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

/** Calls routes of one platform with one API key */
export class RestCaller {
  readonly #baseUrl: URL
  readonly #apiKey: string

  /** @throws {PlatformError} `invalid_argument` when `url` is no http or https URL, or the key cannot stand in a header */
  constructor(options: { url: string; apiKey: string }) {
    this.#baseUrl = parseBaseUrl(options.url)
    if (!/^[\x21-\x7e]+$/.test(options.apiKey)) {
      throw new PlatformError("invalid_argument", "the API key must be visible ASCII characters")
    }
    this.#apiKey = options.apiKey
  }

  get authHeaders(): Readonly<Record<string, string>> {
    return { "x-api-key": this.#apiKey }
  }

  /** The address of a route */
  urlOf(route: Route, options: Pick<CallOptions, "id" | "name" | "query"> = {}): URL {
    const path = route.path
      .replace("{id}", () => encodeURIComponent(options.id ?? ""))
      .replace("{name}", () => encodeURIComponent(options.name ?? ""))
    const url = new URL(`${this.#baseUrl.pathname.replace(/\/$/, "")}${path}`, this.#baseUrl)
    url.search = options.query ?? ""
    return url
  }

  /**
   * Calls a route and hands over its response unread.
   *
   * @throws {PlatformError} the server's error
   */
  async call(route: Route, options: CallOptions = {}): Promise<IncomingMessage> {
    const json = options.json === undefined ? undefined : JSON.stringify(options.json)
    const contentType = json === undefined ? options.contentType : "application/json"
    const body = json ?? options.body
    const response = await sendRequest({
      method: route.method,
      url: this.urlOf(route, options),
      headers: {
        ...this.authHeaders,
        ...(contentType === undefined ? {} : { "content-type": contentType }),
        ...(json === undefined ? {} : { "content-length": String(Buffer.byteLength(json)) }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    const status = response.statusCode ?? 0
    if (status < 200 || status > 299) throw await readError(response)
    return response
  }

  /** Calls a route and reads its JSON answer */
  async callJson<T>(route: Route, schema: z.ZodType<T>, options: CallOptions = {}): Promise<T> {
    const answer = schema.safeParse(await readJson(await this.call(route, options)))
    if (answer.success) return answer.data
    const message = `the answer to ${route.operation} has another form than this version knows`
    throw new PlatformError("internal", message, { cause: answer.error })
  }

  async postJson<T>(
    route: Route,
    schema: z.ZodType<T>,
    json: object,
    options: { id?: string; user?: string; signal?: AbortSignal } = {},
  ): Promise<T> {
    const { id, user, signal } = options
    return await this.callJson(route, schema, { id, json: { ...json, user }, signal })
  }
}

function parseBaseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url
  throw new PlatformError("invalid_argument", `"${text}" is not an http or https URL`)
}
