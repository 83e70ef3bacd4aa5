export interface SandboxJson {
  readonly id: string
  readonly status: string
  readonly reason?: string
  readonly template: string
  readonly vcpus: number
  readonly memory_mib: number
  readonly timeout_sec: number
  readonly metadata: Readonly<Record<string, string>>
  readonly expires_at?: string
  readonly on_timeout: string
  readonly pause?: PauseJson
}

export interface PauseJson {
  readonly generation: number
  readonly stop_ms: number
  readonly durable_ms: number
  readonly bytes_written: number
  readonly steps: readonly { readonly name: string; readonly duration_ms: number }[]
}

export interface TemplateJson {
  readonly name: string
  readonly type: string
  readonly vcpus?: number
  readonly memory_mib?: number
  readonly size_bytes: number
  readonly parent?: string
  readonly sandbox_id?: string
  readonly stop_ms?: number
}

export interface ExecJson {
  readonly exit_code: number
  readonly stdout: string
  readonly stderr: string
  readonly encoding: { readonly stdout: string; readonly stderr: string }
  readonly duration_ms: number
  readonly truncated?: { readonly stdout: boolean; readonly stderr: boolean }
}

/** An answer that is not what was asked for */
export class ApiError extends Error {
  override readonly name = "ApiError"
  readonly status: number
  readonly body: {
    readonly error?: { readonly code: string; readonly message: string; readonly details?: unknown }
  }

  constructor(status: number, body: ApiError["body"]) {
    super(`${status} ${body.error?.code ?? ""}: ${body.error?.message ?? ""}`)
    this.status = status
    this.body = body
  }
}

/** The REST API as a client without any library sees it */
export class Api {
  readonly url: string
  readonly apiKey: string

  constructor(url: string, apiKey: string) {
    this.url = url
    this.apiKey = apiKey
  }

  async fetch(
    method: string,
    path: string,
    body?: RequestInit["body"],
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return await fetch(`${this.url}${path}`, {
      method,
      headers: { "x-api-key": this.apiKey, ...headers },
      ...(body === undefined ? {} : { body, duplex: "half" }),
    })
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response =
      body === undefined
        ? await this.fetch(method, path)
        : await this.fetch(method, path, JSON.stringify(body), { "content-type": "application/json" })
    const text = await response.text()
    if (!response.ok) throw new ApiError(response.status, JSON.parse(text) as ApiError["body"])
    return (text === "" ? undefined : JSON.parse(text)) as T
  }

  async create(body: Record<string, unknown> = {}): Promise<SandboxJson> {
    return await this.json("POST", "/v1/sandboxes", body)
  }

  async get(id: string): Promise<SandboxJson> {
    return await this.json("GET", `/v1/sandboxes/${id}`)
  }

  async list(query = ""): Promise<SandboxJson[]> {
    const page = await this.json<{ items: SandboxJson[] }>("GET", `/v1/sandboxes?limit=1000${query}`)
    return page.items
  }

  async delete(id: string): Promise<void> {
    await this.json("DELETE", `/v1/sandboxes/${id}`)
  }

  async pause(id: string): Promise<SandboxJson> {
    return await this.json("POST", `/v1/sandboxes/${id}/pause`)
  }

  async resume(id: string): Promise<SandboxJson> {
    return await this.json("POST", `/v1/sandboxes/${id}/resume`)
  }

  async snapshot(id: string, name: string, query = ""): Promise<TemplateJson> {
    return await this.json("POST", `/v1/snapshots${query}`, { sandbox_id: id, name })
  }

  async snapshots(query = ""): Promise<TemplateJson[]> {
    return (await this.json<{ items: TemplateJson[] }>("GET", `/v1/snapshots${query}`)).items
  }

  async deleteSnapshot(name: string): Promise<void> {
    await this.json("DELETE", `/v1/snapshots/${name}`)
  }

  async exec(
    id: string,
    cmd: string,
    args: readonly string[] = [],
    more: Record<string, unknown> = {},
  ): Promise<ExecJson> {
    return await this.json("POST", `/v1/sandboxes/${id}/exec`, { cmd, args, ...more })
  }

  /** Runs shell text and returns its output; fails the test when it does not succeed */
  async shell(id: string, text: string, more: Record<string, unknown> = {}): Promise<string> {
    const result = await this.exec(id, "bash", ["-c", text], more)
    if (result.exit_code !== 0) throw new Error(`"${text}" exited with ${result.exit_code}: ${result.stderr}`)
    return result.stdout
  }
}
