/** The routes that the OpenAPI document names: a test over all of them covers a new one by itself. */
import { expect } from 'vitest'
import type { Fixture } from '../server.js'

export interface Operation {
  /** In capital letters. */
  readonly method: string
  /** With its parameters, as in `/v1/user/{uid}`. */
  readonly path: string
  /** `method` and `path`. */
  readonly route: string
  /** Whether it asks for a token or a key. */
  readonly isGuarded: boolean
  /** The media types of its body; none where it has none. */
  readonly bodyTypes: readonly string[]
  /** Of its body. */
  readonly properties: Readonly<Record<string, { readonly type?: string; readonly example?: unknown }>>
  readonly required: readonly string[]
  /** By status or `default`, each with its media types. */
  readonly responses: Readonly<Record<string, { readonly content?: object }>>
}

export async function readOperations(server: Pick<Fixture, 'ask'>): Promise<readonly Operation[]> {
  const document = (await server.ask('GET', '/openapi.json')).json
  // biome-ignore lint/suspicious/noExplicitAny: a document of many shapes.
  const operations = Object.entries<Record<string, any>>(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { security, requestBody, responses }]): Operation => {
      const content: Record<string, { schema: { $ref: string } }> = requestBody?.content ?? {}
      const name = Object.values(content)[0]?.schema.$ref.split('/').at(-1)
      const { properties, required } = { properties: {}, required: [], ...(name && document.components.schemas[name]) }
      const route = `${method.toUpperCase()} ${path}`
      const body = { bodyTypes: Object.keys(content), properties, required }
      return { method: method.toUpperCase(), path, route, isGuarded: security !== undefined, responses, ...body }
    }),
  )
  expect(operations.length).toBeGreaterThan(20)
  return operations
}

/** A path of a route: there is nothing with this id. */
export const pathOf = ({ path }: Pick<Operation, 'path'>) => path.replace(/\{\w+\}/g, '999')
