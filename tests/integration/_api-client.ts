import { ErrorBodySchema, SandboxSchema, type ErrorBody, type SandboxBody } from "@thaw/api"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body read as JSON; undefined for an empty one */
  readonly body: unknown
}

/** What a test asks for beside method and path */
export interface RequestOptions {
  readonly json?: unknown
  readonly body?: RequestInit["body"]
  readonly headers?: Readonly<Record<string, string>>
}

/** REST calls as a client makes them, without anything in between */
export class ApiClient {
  readonly url: string
  readonly #apiKey: string

  constructor(url: string, apiKey: string) {
    this.url = url
    this.#apiKey = apiKey
  }

  async fetch(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const body = options.json === undefined ? options.body : JSON.stringify(options.json)
    return await fetch(this.url + path, {
      method,
      headers: {
        "x-api-key": this.#apiKey,
        ...(options.json === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body }),
    })
  }

  async call(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const response = await this.fetch(method, path, options)
    const text = await response.text()
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true
    const body: unknown = isJson ? JSON.parse(text) : undefined
    return { status: response.status, headers: response.headers, text, body }
  }

  async create(body: Record<string, unknown> = {}): Promise<SandboxBody> {
    const answer = await this.call("POST", "/v1/sandboxes", { json: body })
    if (answer.status !== 201) throw new Error(`create answered ${answer.status}: ${answer.text}`)
    return SandboxSchema.parse(answer.body)
  }

  async get(id: string): Promise<SandboxBody> {
    return SandboxSchema.parse((await this.call("GET", `/v1/sandboxes/${id}`)).body)
  }

  /** Reads a sandbox until it is as wanted; fails after `timeoutMs` */
  async until(
    id: string,
    isWanted: (sandbox: SandboxBody) => boolean,
    timeoutMs = 5_000,
  ): Promise<SandboxBody> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const sandbox = await this.get(id)
      if (isWanted(sandbox)) return sandbox
      if (performance.now() > deadline) {
        throw new Error(`sandbox ${id} is still ${sandbox.status} (${sandbox.reason}) after ${timeoutMs} ms`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** Reads an error answer; fails for any other body */
export function errorOf(answer: Answer): ErrorBody["error"] {
  return ErrorBodySchema.parse(answer.body).error
}
