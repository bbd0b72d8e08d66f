/** The frameworks that keep the guard contract. A new one is a file in `apps/` with the routes of `routes.ts`, and a line here. */
import { startExpress } from './apps/express.js'
import { startFastify, startFastify4 } from './apps/fastify.js'
import { startHono, startHonoFetch, startHonoWithGlobalResponse } from './apps/hono.js'
import { startKoa, startKoa2 } from './apps/koa.js'
import { startNest } from './apps/nest.js'
import { startNest11, startNest11OnFastify } from './apps/nest-11.js'
import { startNode } from './apps/node.js'
import type { App } from './routes.js'

export interface Framework {
  readonly name: string
  start(): Promise<App>
  /** Its own handler sends the status of an error that is thrown into it, and no headers. */
  readonly ignoresHeadersOfErrors?: true
}

export const frameworks: readonly Framework[] = [
  { name: 'node:http', start: startNode },
  { name: 'Express', start: startExpress },
  { name: 'Fastify', start: startFastify },
  { name: 'Fastify 4', start: startFastify4 },
  { name: 'Koa', start: startKoa },
  { name: 'Koa 2', start: startKoa2 },
  { name: 'Nest', start: startNest, ignoresHeadersOfErrors: true },
  { name: 'Nest 11 in CommonJS', start: startNest11, ignoresHeadersOfErrors: true },
  { name: 'Nest 11 in CommonJS on Fastify', start: startNest11OnFastify, ignoresHeadersOfErrors: true },
  { name: 'Hono on Node', start: startHono },
  { name: 'Hono on Node with the global Response', start: startHonoWithGlobalResponse },
  { name: 'Hono without Node', start: startHonoFetch },
]
