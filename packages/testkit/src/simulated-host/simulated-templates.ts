import { create } from "@bufbuild/protobuf"
import { PlatformError } from "@thaw/model"
import { hostAgent } from "@thaw/rpc"

import type { SimulatedSandbox } from "./simulated-sandbox.ts"
import { SimulatedFiles } from "./simulated-files.ts"

interface SimulatedTemplate {
  readonly message: hostAgent.Template
  /** What a sandbox made from it begins with */
  readonly files: SimulatedFiles
}

const SIZE_BYTES = 8192n
const STOP_MS = 12.5

/** The templates of a simulated host */
export class SimulatedTemplates {
  readonly #byName = new Map<string, SimulatedTemplate>()

  /** @param bases Names of the base templates there are */
  constructor(bases: readonly string[]) {
    for (const name of bases) this.addBase(name)
  }

  addBase(name: string): void {
    const message = create(hostAgent.TemplateSchema, {
      name,
      type: "base",
      sizeBytes: SIZE_BYTES,
      createdAtMs: BigInt(Date.now()),
    })
    this.#byName.set(name, { message, files: new SimulatedFiles() })
  }

  list(): hostAgent.Template[] {
    return this.#byName
      .values()
      .map(({ message }) => message)
      .toArray()
  }

  /** Raises `not_found` for an unknown one */
  get(name: string): SimulatedTemplate {
    const template = this.#byName.get(name)
    if (template === undefined) throw new PlatformError("not_found", `template "${name}" does not exist`)
    return template
  }

  /** Raises `already_exists` for the name of a base template, and for that of a snapshot unless it is to be overwritten */
  freeze(
    sandbox: SimulatedSandbox,
    { name, overwrite }: { readonly name: string; readonly overwrite: boolean },
  ): hostAgent.Template {
    const existing = this.#byName.get(name)?.message.type
    if (existing === "base" || (existing === "snapshot" && !overwrite)) {
      throw new PlatformError("already_exists", `template "${name}" exists already`)
    }
    const { spec } = sandbox
    const message = create(hostAgent.TemplateSchema, {
      name,
      type: "snapshot",
      vcpus: spec.vcpus,
      memoryMib: spec.memoryMib,
      sizeBytes: SIZE_BYTES,
      createdAtMs: BigInt(Date.now()),
      parent: spec.template,
      sandboxId: spec.sandboxId,
      stopMs: STOP_MS,
    })
    this.#byName.set(name, { message, files: sandbox.files.copy() })
    return message
  }

  /** Raises `not_found`, or `wrong_state` for a base template */
  delete(name: string): void {
    if (this.get(name).message.type === "base") {
      throw new PlatformError("wrong_state", `template "${name}" is a base template`)
    }
    this.#byName.delete(name)
  }

  /** Forgets a template without having been asked to */
  lose(name: string): void {
    this.#byName.delete(name)
  }
}
