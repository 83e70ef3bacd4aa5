import type { ErrorCode } from "@thaw/model"
import type { z } from "zod"

export type HttpMethod = "GET" | "POST" | "PATCH" | "DELETE"

/** What a route takes beside its path parameters */
export type RouteRequest =
  | { readonly kind: "none" }
  | { readonly kind: "query"; readonly schema: z.ZodType }
  | {
      readonly kind: "json"
      readonly schema: z.ZodType
      /** Beside the body */
      readonly query?: z.ZodType
    }
  | { readonly kind: "multipart"; readonly schema: z.ZodType }
  | { readonly kind: "websocket"; readonly clientMessages: z.ZodType; readonly serverMessages: z.ZodType }

/** What a route answers when all goes well */
export type RouteResponse =
  | { readonly status: number; readonly kind: "json"; readonly schema: z.ZodType }
  | { readonly status: 200; readonly kind: "octet-stream" }
  | { readonly status: 204; readonly kind: "empty" }
  | { readonly status: 101; readonly kind: "websocket" }

/** One route of the REST contract, as data: servers, clients and documents are made from it */
export interface Route {
  /** Name of the operation, unique */
  readonly operation: string
  readonly method: HttpMethod
  /** Parameters in braces: `/v1/sandboxes/{id}` */
  readonly path: string
  readonly summary: string
  /** Whether an API key is needed */
  readonly auth: boolean
  readonly request: RouteRequest
  readonly response: RouteResponse
  /** Codes a client should expect beside those that any route may answer */
  readonly errors: readonly ErrorCode[]
}
