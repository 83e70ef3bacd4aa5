import { PayloadWriter } from "./payload-writer.ts"

/** Bytes for the guest: text is sent as UTF-8, and what is not UTF-8 as it is */
export type GuestText = string | Uint8Array

/** Name and value of an environment variable */
export type EnvPair = readonly [name: GuestText, value: GuestText]

export interface PtySize {
  readonly cols: number
  readonly rows: number
}

export interface ConfigureRequest {
  readonly token: Uint8Array
  readonly hostname: string
  /** 16 bytes */
  readonly machineId: Uint8Array
  readonly wallClockUnixNs: bigint
  /** 32 to 512 bytes */
  readonly entropy: Uint8Array
  /** Absent: the environment configured before stays as it is */
  readonly env?: readonly EnvPair[]
  readonly dnsServers: readonly string[]
}

export interface ExecRequest {
  readonly argv: readonly GuestText[]
  readonly env: readonly EnvPair[]
  /** Empty: the user's home */
  readonly cwd: string
  /** Empty: the template's default user */
  readonly user: string
  readonly pty?: PtySize
  readonly stdin: boolean
  /** 0: no limit */
  readonly timeoutMs: number
  readonly killOnDisconnect: boolean
}

export interface FilePath {
  readonly path: Uint8Array
  /** Empty: the template's default user */
  readonly user: string
}

/** A request of the guest protocol; each encodes to the payload of a REQUEST frame */
export type GuestRequest =
  | ({ readonly op: "configure" } & ConfigureRequest)
  | ({ readonly op: "exec" } & ExecRequest)
  | ({ readonly op: "readFile"; readonly offset: bigint; readonly length?: bigint } & FilePath)
  | ({ readonly op: "writeFile"; readonly mode?: number } & FilePath)
  | ({ readonly op: "stat"; readonly followSymlink: boolean } & FilePath)
  | ({ readonly op: "list"; readonly entriesMax: number } & FilePath)
  | ({ readonly op: "mkdir"; readonly mode?: number; readonly parents: boolean } & FilePath)
  | ({ readonly op: "move"; readonly to: Uint8Array; readonly overwrite: boolean } & FilePath)
  | ({ readonly op: "remove"; readonly recursive: boolean } & FilePath)
  | { readonly op: "ping" }

const OPERATION: Record<GuestRequest["op"], number> = {
  configure: 1,
  exec: 2,
  readFile: 3,
  writeFile: 4,
  stat: 5,
  list: 6,
  mkdir: 7,
  move: 8,
  remove: 9,
  ping: 10,
}

/** Encodes the payload of a REQUEST frame: operation number and fields in the order of the specification */
export function encodeRequest(request: GuestRequest): Buffer {
  const writer = new PayloadWriter().u8(OPERATION[request.op])
  switch (request.op) {
    case "configure":
      writeConfigure(writer, request)
      break
    case "exec":
      writeExec(writer, request)
      break
    case "readFile":
      writePath(writer, request).u64(request.offset)
      writer.option(request.length, (length) => writer.u64(length))
      break
    case "writeFile":
      writePath(writer, request).option(request.mode, (mode) => writer.u32(mode))
      break
    case "stat":
      writePath(writer, request).bool(request.followSymlink)
      break
    case "list":
      writePath(writer, request).u32(request.entriesMax)
      break
    case "mkdir":
      writePath(writer, request)
        .option(request.mode, (mode) => writer.u32(mode))
        .bool(request.parents)
      break
    case "move":
      writer.bytes(request.path).bytes(request.to).bytes(request.user).bool(request.overwrite)
      break
    case "remove":
      writePath(writer, request).bool(request.recursive)
      break
    case "ping":
      break
  }
  return writer.finish()
}

function writePath(writer: PayloadWriter, target: FilePath): PayloadWriter {
  return writer.bytes(target.path).bytes(target.user)
}

function writeEnv(writer: PayloadWriter, env: readonly EnvPair[]): void {
  writer.list(env, ([name, value]) => writer.bytes(name).bytes(value))
}

function writeConfigure(writer: PayloadWriter, request: ConfigureRequest): void {
  writer
    .bytes(request.token)
    .bytes(request.hostname)
    .bytes(request.machineId)
    .u64(request.wallClockUnixNs)
    .bytes(request.entropy)
  writer.option(request.env, (env) => writeEnv(writer, env))
  writer.list(request.dnsServers, (server) => writer.bytes(server))
}

function writeExec(writer: PayloadWriter, request: ExecRequest): void {
  writer.list(request.argv, (argument) => writer.bytes(argument))
  writeEnv(writer, request.env)
  writer.bytes(request.cwd).bytes(request.user)
  writer.option(request.pty, ({ cols, rows }) => writer.u16(cols).u16(rows))
  writer.bool(request.stdin).u64(BigInt(request.timeoutMs)).bool(request.killOnDisconnect)
}
