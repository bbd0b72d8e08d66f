/** The parts that several routes share, for validating and for the OpenAPI document at once. */
import { z } from '@hono/zod-openapi'
import { errorTable } from 'latchkey'
import { parseUid } from '../accounts/uid.js'

/** A member that must be a text; its length is the rule of whoever takes it. */
export function text(documented: { description: string; example?: string; minLength?: number; maxLength?: number }) {
  return z.string({ error: expected('a text') }).openapi(documented)
}

/** A member that must be a whole number: no text of digits, no fraction. */
export function integer(documented: { description: string; example?: number }) {
  return z.int({ error: expected('a whole number') }).openapi(documented)
}

/** The whole body: a JSON object with these members and no other. */
export function body<Shape extends z.core.$ZodLooseShape>(name: string, shape: Shape) {
  return z
    .strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? 'must be a JSON object' : undefined) })
    .openapi(name)
}

/** The body of a route that OAuth libraries call: members that are not known are ignored (RFC 6749 section 3.2). */
export function lenientBody<Shape extends z.core.$ZodLooseShape>(name: string, shape: Shape) {
  return z
    .object(shape, { error: (issue) => (issue.code === 'invalid_type' ? 'must be a JSON object' : undefined) })
    .openapi(name)
}

export function expected(what: string) {
  return (issue: { readonly input?: unknown }) => (issue.input === undefined ? 'is required' : `must be ${what}`)
}

export const uid = z.string().openapi({ description: 'The user: a decimal number.', example: '1' })
/** A user that a query names. */
export const uidParameter = (description: string) =>
  z
    .string({ error: expected('a uid') })
    .refine((text) => parseUid(text) !== undefined, { error: 'must be a uid' })
    .openapi({ param: { name: 'user', in: 'query' }, description, example: '1' })
export const epochSeconds = (description: string) =>
  z.int().openapi({ description: `${description}, in seconds since the epoch.`, example: 1_767_225_600 })

export const request = z
  .string()
  .openapi({ description: 'Method and path, without the query.', example: 'DELETE /v1/user' })

export const deleted = z
  .object({ msg: z.literal('ok'), error_code: z.literal(1), request })
  .openapi('Deleted', { description: 'Done; 202 since 204 could not say so.' })

export const problemDocument = z
  .object({
    type: z.string().openapi({ example: 'urn:latchkey:error:token_expired' }),
    title: z.string().openapi({ example: 'Token expired' }),
    status: z.int().openapi({ example: 401 }),
    detail: z.string().openapi({ example: 'token is expired' }),
    code: z.enum(Object.keys(errorTable) as [string, ...string[]]).openapi({ example: 'token_expired' }),
    msg: z
      .union([z.string(), z.record(z.string(), z.array(z.string()))])
      .openapi({ description: 'For people; with `parameter_invalid` reasons by field.', example: 'token is expired' }),
    error_code: z.int().openapi({ description: 'The number that stands for `code`.', example: 1003 }),
    request: request.optional(),
    error: z.string().optional().openapi({ description: 'The code of RFC 6749; only where OAuth libraries call.' }),
    error_description: z.string().optional().openapi({ description: '`detail` again; beside `error`.' }),
    hint: z.string().optional().openapi({ description: 'What to do; only with NODE_ENV=development.' }),
  })
  .openapi('Problem', { description: 'Every refusal (RFC 9457).' })

export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { body: { required: true as const, content: { 'application/json': { schema } } } }
}

export function jsonAnswer<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { 'application/json': { schema } } }
}

const refusals = {
  400: 'The request holds what was not expected, or lacks what was.',
  401: 'No token, or one that is refused; `WWW-Authenticate` says what would be accepted.',
  403: 'The token lacks the scope.',
  404: 'There is no such row.',
  409: 'The account exists.',
  413: 'The body is longer than 64 KiB.',
  415: 'The body is of another type than is read here.',
  429: 'Too many; `Retry-After` says for how long.',
  503: 'Busy; `Retry-After` says for how long.',
} as const

/** The refusals of a route, each a problem document; 500 may always happen. */
export function problems<Status extends keyof typeof refusals>(...statuses: Status[]) {
  return refusalsAs('application/problem+json', statuses)
}

/** The same of a route behind `oauthErrors`. */
export function oauthProblems<Status extends keyof typeof refusals>(...statuses: Status[]) {
  return refusalsAs('application/json', statuses)
}

function refusalsAs<Status extends keyof typeof refusals>(mediaType: string, statuses: readonly Status[]) {
  const answer = (description: string) => ({ description, content: { [mediaType]: { schema: problemDocument } } })
  return {
    ...(Object.fromEntries(statuses.map((status) => [status, answer(refusals[status])])) as Record<
      Status,
      ReturnType<typeof answer>
    >),
    default: answer('Any other refusal.'),
  }
}

/** Either credential does. */
export const withToken: Record<string, string[]>[] = [{ bearer: [] }, { basic: [] }]
