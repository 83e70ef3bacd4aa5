import { gatherListQuery, type RawQuery, type Route } from "@thaw/api"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import type { z } from "zod"

import { validate } from "./validate.ts"

type InputOf<R extends Route> = R["request"] extends {
  readonly kind: "json" | "query"
  readonly schema: infer S extends z.ZodType
}
  ? z.output<S>
  : undefined

type QueryOf<R extends Route> = R["request"] extends {
  readonly kind: "json"
  readonly query: infer S extends z.ZodType
}
  ? z.output<S>
  : undefined

type OutputOf<R extends Route> = R["response"] extends {
  readonly kind: "json"
  readonly schema: infer S extends z.ZodType
}
  ? z.input<S>
  : R["response"] extends { readonly kind: "octet-stream" }
    ? FastifyReply
    : void

/** One request of a route, with its body or query checked */
export interface RouteCall<R extends Route> {
  /** Of the sandbox in the path; of any shape; empty for a route without one */
  readonly id: string
  /** Of the snapshot in the path, likewise */
  readonly name: string
  /** The body, or the query of a route without one */
  readonly input: InputOf<R>
  /** The query of a route that has a body too */
  readonly query: QueryOf<R>
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

export type RouteHandler<R extends Route> = (call: RouteCall<R>) => Promise<OutputOf<R>>

/** Fastify's way to write the parameters of a path */
export function toFastifyPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1")
}

/** Serves a route of the contract: checks the input, answers with the contract's status */
export function registerRoute<R extends Route>(
  app: FastifyInstance,
  route: R,
  handler: RouteHandler<R>,
): void {
  app.route({
    method: route.method,
    url: toFastifyPath(route.path),
    handler: async (request, reply) => {
      const call = {
        id: sandboxIdOf(request),
        name: (request.params as { name?: string }).name ?? "",
        input: readInput(route, request) as InputOf<R>,
        query: readQuery(route, request) as QueryOf<R>,
        request,
        reply,
      }
      const output = await handler(call)
      if (route.response.kind === "octet-stream") return reply
      return await reply.code(route.response.status).send(output)
    },
  })
}

export function sandboxIdOf(request: FastifyRequest): string {
  return (request.params as { id?: string }).id ?? ""
}

function readInput(route: Route, request: FastifyRequest): unknown {
  switch (route.request.kind) {
    case "json":
      // No body stands for an empty object; what must be in it is then reported as missing.
      return validate(route.request.schema, request.body ?? {}, "body")
    case "query":
      return validate(route.request.schema, gatherListQuery(request.query as RawQuery), "query")
    case "none":
    case "multipart":
    case "websocket":
      return undefined
  }
}

function readQuery({ request: { kind, ...rest } }: Route, request: FastifyRequest): unknown {
  if (kind !== "json" || !("query" in rest) || rest.query === undefined) return undefined
  return validate(rest.query, request.query, "query")
}
