import { createRoute, z } from '@hono/zod-openapi'
import type { Api, ApiParts } from '../api-context.js'

const keySet = z
  .object({
    keys: z.array(
      z.looseObject({
        kty: z.string().openapi({ example: 'OKP' }),
        kid: z.string().optional(),
        alg: z.string().optional().openapi({ example: 'EdDSA' }),
      }),
    ),
  })
  .openapi('KeySet')

/** RFC 7517 section 8.5.2. */
const mediaType = 'application/jwk-set+json'

/** The public keys. A key is published ten minutes before it signs, so a copy may be half as old. */
export function addKeyRoutes(app: Api, { signingKeys }: ApiParts): void {
  const readKeys = createRoute({
    method: 'get',
    path: '/.well-known/jwks.json',
    operationId: 'readKeys',
    tags: ['keys'],
    summary: 'The keys that tokens are verified with (RFC 7517)',
    responses: {
      200: {
        description: 'The key set; empty when tokens are signed with a shared secret.',
        content: { [mediaType]: { schema: keySet } },
      },
    },
  })
  app.openapi(readKeys, (c) =>
    // In the spelling that replaces Hono's own.
    c.json({ keys: [...signingKeys.publicJwks().keys] }, 200, {
      'Content-Type': mediaType,
      'cache-control': 'public, max-age=300',
    }),
  )
}
