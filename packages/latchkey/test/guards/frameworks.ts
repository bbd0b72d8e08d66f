/** The frameworks that keep the guard contract. A new one is a file in `apps/` with the routes of `routes.ts`, and a line here. */
import { startExpress, startExpress4 } from './apps/express.js'
import { startFastify, startFastify4 } from './apps/fastify.js'
import { startHono, startHono3, startHonoFetch, startHonoWithGlobalResponse } from './apps/hono.js'
import { startKoa, startKoa2 } from './apps/koa.js'
import { startNest } from './apps/nest.js'
import { startNest11, startNest11OnFastify } from './apps/nest-11.js'
import { startNode } from './apps/node.js'
import type { App } from './routes.js'

export interface Framework {
  readonly name: string
  start(): Promise<App>
  /** What its own handler sends of an error that is thrown into it; left out: status and headers. */
  readonly sendsOfErrors?: 'status' | 'nothing'
}

export const frameworks: readonly Framework[] = [
  { name: 'node:http', start: startNode },
  { name: 'Express', start: startExpress },
  { name: 'Express 4', start: startExpress4 },
  { name: 'Fastify', start: startFastify },
  { name: 'Fastify 4', start: startFastify4 },
  { name: 'Koa', start: startKoa },
  { name: 'Koa 2', start: startKoa2 },
  { name: 'Nest', start: startNest, sendsOfErrors: 'status' },
  { name: 'Nest 11 in CommonJS', start: startNest11, sendsOfErrors: 'status' },
  { name: 'Nest 11 in CommonJS on Fastify', start: startNest11OnFastify, sendsOfErrors: 'status' },
  { name: 'Hono on Node', start: startHono },
  { name: 'Hono on Node with the global Response', start: startHonoWithGlobalResponse },
  { name: 'Hono 3 on Node', start: startHono3, sendsOfErrors: 'nothing' },
  { name: 'Hono without Node', start: startHonoFetch },
]
