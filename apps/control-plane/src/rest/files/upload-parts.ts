import type { Multipart, MultipartFile } from "@fastify/multipart"
import { UploadFieldSchemas, type UploadFieldName } from "@thaw/api"
import { LIMITS, PlatformError } from "@thaw/model"
import type { FastifyRequest } from "fastify"

import { validate } from "../validate.ts"

/** One part of an upload, checked */
export type UploadPart =
  | { readonly name: UploadFieldName; readonly value: string }
  | { readonly name: "file"; readonly content: MultipartFile["file"] }

/** Each pair may come with a user and a mode */
const PARTS_PER_FILE = 4
const FIELD_NAMES = Object.keys(UploadFieldSchemas) as UploadFieldName[]
/** What stands where the bytes of a text field were not UTF-8 */
const REPLACEMENT = "\uFFFD"

/** Gives the parts of an upload in their order. Raises `invalid_argument` for a form that is not one. */
export async function* readUploadParts(request: FastifyRequest): AsyncGenerator<UploadPart, void, undefined> {
  const parts = request.parts({
    limits: {
      files: LIMITS.uploadFilesMax,
      parts: LIMITS.uploadFilesMax * PARTS_PER_FILE,
      fields: LIMITS.uploadFilesMax * PARTS_PER_FILE,
      fieldSize: LIMITS.pathBytesMax + 1,
      // Counted where the bytes are written.
      fileSize: Number.POSITIVE_INFINITY,
    },
  })
  for (;;) {
    const part = await nextPart(parts)
    if (part === undefined) return
    yield part.type === "file" ? checkFile(part) : checkField(part)
  }
}

async function nextPart(parts: AsyncIterableIterator<Multipart>): Promise<Multipart | undefined> {
  try {
    const step = await parts.next()
    return step.done === true ? undefined : step.value
  } catch (error) {
    throw toFormError(error)
  }
}

/** Errors of the form's parser carry no code */
export function toFormError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof PlatformError || "statusCode" in thrown) return thrown
  return new PlatformError("invalid_argument", `the form is malformed: ${thrown.message}`, { cause: thrown })
}

function checkFile(part: MultipartFile): UploadPart {
  if (part.fieldname === "file") return { name: "file", content: part.file }
  throw unknownField(part.fieldname)
}

function checkField(part: Extract<Multipart, { type: "field" }>): UploadPart {
  if (part.fieldname === "file") {
    throw new PlatformError(
      "invalid_argument",
      'form is not valid: "file" is text, wanted a file with a file name',
    )
  }
  const name = FIELD_NAMES.find((known) => known === part.fieldname)
  if (name === undefined) throw unknownField(part.fieldname)
  if (typeof part.value !== "string" || part.value.includes(REPLACEMENT)) {
    throw new PlatformError("invalid_argument", `form is not valid: "${name}" is not UTF-8 text`)
  }
  return { name, value: validate(UploadFieldSchemas[name], part.value, `field "${name}"`) }
}

function unknownField(name: string): PlatformError {
  const wanted = ["file", ...FIELD_NAMES].join(", ")
  return new PlatformError(
    "invalid_argument",
    `form is not valid: unknown field "${name.slice(0, 80)}", wanted ${wanted}`,
  )
}
