import { PlatformError, type ErrorCode } from "@thaw/model"
import type { FastifyError } from "fastify"

import { isDatabaseUnavailable } from "../db/database-unavailable.ts"

/** Errors of Fastify and its multipart plugin that are not simply a malformed request */
const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "payload_too_large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "unsupported_media_type",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "invalid_argument",
  FST_INVALID_MULTIPART_CONTENT_TYPE: "unsupported_media_type",
  FST_REQ_FILE_TOO_LARGE: "payload_too_large",
  FST_FILES_LIMIT: "payload_too_large",
  FST_PARTS_LIMIT: "payload_too_large",
  FST_FIELDS_LIMIT: "payload_too_large",
  FST_PROTO_VIOLATION: "invalid_argument",
  FST_ERR_BAD_URL: "invalid_argument",
}

const CLIENT_ERROR_MIN = 400
const SERVER_ERROR_MIN = 500

/** The one place where anything thrown in a request becomes an error of the platform */
export function toPlatformError(thrown: unknown): PlatformError {
  if (thrown instanceof PlatformError) return thrown
  if (isDatabaseUnavailable(thrown)) {
    return new PlatformError("unavailable", "the database does not answer", { cause: thrown })
  }
  if (thrown instanceof Error) {
    const { code, statusCode } = thrown as FastifyError
    const known = FRAMEWORK_CODES[code]
    if (known !== undefined)
      return new PlatformError(known, describeFramework(known, thrown), { cause: thrown })
    if (statusCode !== undefined && statusCode >= CLIENT_ERROR_MIN && statusCode < SERVER_ERROR_MIN) {
      return new PlatformError("invalid_argument", thrown.message, { cause: thrown })
    }
  }
  return PlatformError.from(thrown)
}

function describeFramework(code: ErrorCode, error: Error): string {
  return code === "unsupported_media_type"
    ? "the content type of the body is not one this route takes"
    : error.message
}
