import { create } from "@bufbuild/protobuf"
import type { ServiceImpl } from "@connectrpc/connect"
import { PlatformError } from "@thaw/model"
import { type HostAgentService, hostAgent } from "@thaw/rpc"

import type { Injections } from "./injections.ts"
import { targetOf, type SimulatedFiles, type SimulatedWrite } from "./simulated-files.ts"
import type { SimulatedSandboxes } from "./simulated-sandboxes.ts"

type FileService = Pick<
  ServiceImpl<typeof HostAgentService>,
  | "writeFile"
  | "readFile"
  | "writeFileStream"
  | "readFileStream"
  | "statFile"
  | "listFiles"
  | "makeDir"
  | "moveFile"
  | "removeFile"
>

/** Everything about files of the simulated host agent */
export function fileService(sandboxes: SimulatedSandboxes, injections: Injections): FileService {
  const filesOf = (target: hostAgent.FileTarget | undefined) =>
    sandboxes.running(targetOf(target).sandboxId).files
  return {
    async writeFile(request, context) {
      await injections.pass("writeFile", context)
      const write = filesOf(request.target).openWrite(targetOf(request.target), request.mode)
      write.add(request.content)
      return write.finish()
    },
    async readFile(request, context) {
      await injections.pass("readFile", context)
      const { entry, content } = filesOf(request.target).openRead(request)
      return create(hostAgent.ReadFileResponseSchema, { entry, content: Buffer.concat([...content]) })
    },
    async writeFileStream(requests, context) {
      await injections.pass("writeFileStream", context)
      const write = await receive(requests, filesOf)
      return write.finish()
    },
    async *readFileStream(request, context) {
      await injections.pass("readFileStream", context)
      const { entry, content } = filesOf(request.target).openRead(request)
      yield create(hostAgent.ReadFileStreamResponseSchema, { message: { case: "entry", value: entry } })
      for (const chunk of content) {
        yield create(hostAgent.ReadFileStreamResponseSchema, { message: { case: "chunk", value: chunk } })
      }
    },
    async statFile(request, context) {
      await injections.pass("statFile", context)
      return filesOf(request.target).stat(targetOf(request.target))
    },
    async listFiles(request, context) {
      await injections.pass("listFiles", context)
      return { entries: filesOf(request.target).list(targetOf(request.target)), truncated: false }
    },
    async makeDir(request, context) {
      await injections.pass("makeDir", context)
      return filesOf(request.target).makeDir(request)
    },
    async moveFile(request, context) {
      await injections.pass("moveFile", context)
      return filesOf(request.target).move(request)
    },
    async removeFile(request, context) {
      await injections.pass("removeFile", context)
      filesOf(request.target).remove(request)
      return {}
    },
  }
}

async function receive(
  requests: AsyncIterable<hostAgent.WriteFileStreamRequest>,
  filesOf: (target: hostAgent.FileTarget | undefined) => SimulatedFiles,
): Promise<SimulatedWrite> {
  let write: SimulatedWrite | undefined
  for await (const { message } of requests) {
    if (write === undefined && message.case === "meta") {
      const { target, mode } = message.value
      write = filesOf(target).openWrite(targetOf(target), mode)
    } else if (write !== undefined && message.case === "chunk") write.add(message.value)
    else if (write !== undefined && message.case === "end") return write
    else throw new PlatformError("invalid_argument", "a file is a meta, then chunks, then an end")
  }
  throw new PlatformError("canceled", "the file ended before it was complete")
}
