import { ROUTES, type Route } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import type { FastifyReply, FastifyRequest } from "fastify"

interface PathMatcher {
  readonly pattern: RegExp
  readonly methods: readonly string[]
}

const MATCHERS: readonly PathMatcher[] = Object.values<Route>(ROUTES).map((route) => ({
  pattern: new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
  // A WebSocket route has nothing that HEAD could ask for.
  methods: route.method === "GET" && route.request.kind !== "websocket" ? ["GET", "HEAD"] : [route.method],
}))

/** The methods that the contract has for a path; none for a path it does not have */
export function allowedMethods(path: string): string[] {
  return MATCHERS.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods)
}

/** For what no route serves: `method_not_allowed` with the methods there are, or `not_found` */
export async function refuseUnknownRoute(request: FastifyRequest, reply: FastifyReply): Promise<never> {
  const path = request.url.split("?", 1)[0] ?? ""
  const methods = allowedMethods(path)
  if (methods.length === 0) {
    throw new PlatformError("not_found", `route "${request.method} ${path.slice(0, 200)}" does not exist`)
  }
  reply.header("allow", methods.join(", "))
  throw new PlatformError(
    "method_not_allowed",
    `"${path}" takes ${methods.join(", ")}, not ${request.method}`,
  )
}
