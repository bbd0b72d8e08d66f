import { createRoute, z } from '@hono/zod-openapi'
import { nobody } from '../../audit/actor.js'
import { type Api, type ApiParts, requestOf } from '../api-context.js'
import { readJsonBody } from '../read-json-body.js'
import { body, integer, jsonAnswer, jsonBody, problems, request, text, uid } from '../schemas.js'

const registration = body('Registration', {
  account: text({
    description: 'An email address for type 100; lower-cased, in NFC.',
    example: 'ann@example.org',
    minLength: 5,
    maxLength: 254,
  }),
  secret: text({
    description:
      'A password for type 100: any characters; none that many have, that was breached, or that the account tells.',
    example: 'a long passphrase',
    minLength: 8,
    maxLength: 128,
  }),
  type: integer({ description: 'The client type: 100 is an email address and a password.', example: 100 }),
  nickname: text({ description: 'Need not be unique.', example: 'ann', minLength: 2, maxLength: 24 }),
})

const registered = z.object({ uid, msg: z.literal('ok'), error_code: z.literal(0), request }).openapi('Registered')

/** Registering; where it is switched off the route does not exist. */
export function addClientRoutes(app: Api, { accounts, registration: isOn, limits, callerOf }: ApiParts): void {
  if (!isOn) return
  const register = createRoute({
    method: 'post',
    path: '/v1/client/register',
    operationId: 'register',
    tags: ['client'],
    summary: 'Make a user with the role `user`',
    middleware: [readJsonBody] as const,
    request: jsonBody(registration),
    responses: { 201: jsonAnswer('The user was made.', registered), ...problems(400, 409, 413, 415, 429, 503) },
  })
  app.openapi(register, async (c) => {
    const caller = callerOf(c)
    await limits.registrations.take(caller.addressPrefix)
    const made = await accounts.register(c.req.valid('json'), nobody(caller))
    return c.json({ uid: made.uid, msg: 'ok' as const, error_code: 0 as const, request: requestOf(c) }, 201)
  })
}
