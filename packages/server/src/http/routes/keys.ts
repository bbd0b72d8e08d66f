import { createRoute, z } from '@hono/zod-openapi'
import type { Api, ApiParts } from '../api-context.js'
import { problems } from '../schemas.js'

const keySet = z
  .object({
    keys: z.array(
      z.looseObject({
        kty: z.string().openapi({ example: 'OKP' }),
        kid: z.string().optional(),
        alg: z.string().optional().openapi({ example: 'EdDSA' }),
      }),
    ),
    keys_version: z.int().openapi({ description: 'Another one when the set has changed.' }),
  })
  .openapi('KeySet')

const query = z.object({
  v: z.coerce
    .number({ error: 'must be a version of the key set' })
    .int({ error: 'must be a version of the key set' })
    .openapi({ param: { name: 'v', in: 'query' }, description: 'Tells caches apart: the version that is wanted.' })
    .optional(),
})

/** RFC 7517 section 8.5.2. */
const mediaType = 'application/jwk-set+json'

/** The public keys. */
export function addKeyRoutes(app: Api, { signingKeys }: ApiParts): void {
  const readKeys = createRoute({
    method: 'get',
    path: '/.well-known/jwks.json',
    operationId: 'readKeys',
    tags: ['keys'],
    summary: 'The keys that tokens are verified with (RFC 7517)',
    request: { query },
    responses: {
      200: {
        description: 'The key set; empty when tokens are signed with a shared secret.',
        content: { [mediaType]: { schema: keySet } },
      },
      ...problems(400),
    },
  })
  app.openapi(readKeys, (c) => {
    const { keys, keys_version } = signingKeys.publicJwks()
    // Who asks for a version that this node has not read yet must not find this answer in a cache.
    const isCurrent = keys_version >= (c.req.valid('query').v ?? 0)
    return c.json({ keys: [...keys], keys_version }, 200, {
      // In the spelling that replaces Hono's own.
      'Content-Type': mediaType,
      'cache-control': isCurrent ? `public, max-age=${signingKeys.maxAgeSeconds}` : 'no-store',
    })
  })
}
