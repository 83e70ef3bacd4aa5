import type { IncomingMessage } from "node:http"

import { MIB, PlatformError, toErrorCode, type ErrorCode } from "@thaw/model"

/** Bounds what a broken server can make a client hold: two base64 outputs of an exec with room to spare */
const JSON_BYTES_MAX = 64 * MIB

/**
 * Reads a whole JSON response.
 *
 * @throws {PlatformError} `internal` when it is no JSON or too long, `unavailable` when the connection breaks
 */
export async function readJson(response: IncomingMessage): Promise<unknown> {
  const text = await readText(response)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new PlatformError("internal", `the answer with status ${response.statusCode} is not JSON`, {
      cause: error,
    })
  }
}

/** Reads an error response into the error the server meant */
export async function readError(response: IncomingMessage): Promise<PlatformError> {
  const status = response.statusCode ?? 0
  const body = await readJson(response).catch(() => undefined)
  const error = isRecord(body) && isRecord(body["error"]) ? body["error"] : {}
  const code = typeof error["code"] === "string" ? toErrorCode(error["code"]) : undefined
  const message = typeof error["message"] === "string" ? error["message"] : `the server answered ${status}`
  const details = isRecord(error["details"]) ? error["details"] : undefined
  return new PlatformError(
    code ?? errorCodeOfStatus(status),
    message,
    details === undefined ? {} : { details },
  )
}

/** For an answer that no service of the platform wrote, as from a proxy */
function errorCodeOfStatus(status: number): ErrorCode {
  if (status === 401) return "unauthenticated"
  if (status === 404) return "not_found"
  if (status === 502 || status === 503 || status === 504) return "unavailable"
  return status >= 400 && status < 500 ? "invalid_argument" : "internal"
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > JSON_BYTES_MAX)
        throw new PlatformError("internal", `the answer is longer than ${JSON_BYTES_MAX} bytes`)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof PlatformError) throw error
    throw new PlatformError("unavailable", "the connection broke during the answer", { cause: error })
  }
  return Buffer.concat(chunks).toString()
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
