/** Reads the body of a request, once and for all who look at it. */
import type { MiddlewareHandler } from 'hono'
import { LatchkeyError } from 'latchkey'
import { parseStrictJson } from 'latchkey/http'
import { type ApiContext, type ApiEnv, patternOf } from './api-context.js'

const maxBytes = 64 * 1024
/** What is wrong with a field that a form has twice. */
export const notRepeated = 'must not be repeated'

/**
 * Stands before the validator of a route with a body, and lets it see only JSON that every parser reads alike.
 *
 * Throws LatchkeyError: `http_error` 415 unless it is `application/json` in UTF-8, 413 past 64 KiB (before the rest is read),
 * 400 when it does not arrive whole; `parameter_invalid` for what `parseStrictJson` refuses; `server_error` when somebody read
 * the body before.
 */
export const readJsonBody: MiddlewareHandler<ApiEnv> = async (c, next) => {
  checkContentType(c.req.header('content-type'), c.req.header('content-encoding'))
  const bytes = await readBytes(c)
  parseStrictJson(bytes)
  handOver(c, bytes.toString())
  await next()
}

/**
 * The same for routes that OAuth libraries call, which send forms: a form is read as the JSON object of its fields. Each may be
 * sent once, and one without a value counts as not sent (RFC 6749 sections 3.2 and 4.4.2).
 */
export const readFormBody: MiddlewareHandler<ApiEnv> = async (c, next) => {
  if (!isForm(c)) throw httpError(415, 'The body must be application/x-www-form-urlencoded')
  const fields = [...new URLSearchParams((await readBytes(c)).toString())]
  const names = fields.map(([name]) => name)
  const repeated = names.find((name, i) => names.indexOf(name) !== i)
  if (repeated !== undefined) {
    const field = repeated.replace(/[^\x20-\x7e]/g, '?').slice(0, 64) || 'body'
    throw new LatchkeyError('parameter_invalid', { msg: { [field]: [notRepeated] } })
  }
  handOver(c, JSON.stringify(Object.fromEntries(fields.filter(([, value]) => value !== ''))))
  await next()
}

/** A form or JSON. */
export const readFormOrJsonBody: MiddlewareHandler<ApiEnv> = (c, next) =>
  isForm(c) ? readFormBody(c, next) : readJsonBody(c, next)

function isForm(c: ApiContext): boolean {
  return /^application\/x-www-form-urlencoded *(?:;|$)/i.test(c.req.header('content-type') ?? '')
}

/** Puts the text where Hono's validators look before they read the body themselves. */
function handOver(c: ApiContext, text: string): void {
  // They know fewer spellings of it than RFC 9110 section 8.3.1 allows.
  if (c.req.header('content-type') !== 'application/json') c.req.raw.headers.set('content-type', 'application/json')
  // It holds promises, whatever its type says.
  c.req.bodyCache.text = Promise.resolve(text) as unknown as string
}

function checkContentType(type = '', encoding = 'identity'): void {
  const [essence = '', ...parameters] = type.split(';').map((part) => part.trim().toLowerCase())
  const charset = parameters.find((parameter) => /^charset\s*=/.test(parameter))
  const isUtf8 = charset === undefined || /^charset\s*=\s*"?utf-?8"?$/.test(charset)
  if (essence === 'application/json' && isUtf8 && encoding.toLowerCase() === 'identity') return
  throw httpError(415, 'The body must be application/json in UTF-8, not compressed')
}

async function readBytes(c: ApiContext): Promise<Buffer> {
  const announced = c.req.header('content-length')
  if (announced !== undefined && Number(announced) > maxBytes) throw tooLarge()
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of wholeOr400(bodyOf(c))) {
    length += chunk.length
    if (length > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function bodyOf(c: ApiContext): AsyncIterable<Uint8Array> {
  const { incoming } = c.env
  if (incoming?.readableDidRead || c.req.raw.bodyUsed) {
    const where = 'mount Latchkey before body parsers'
    throw new LatchkeyError('server_error', {
      cause: new Error(`The body of ${patternOf(c)} was read before Latchkey saw it: ${where}`),
    })
  }
  // Not destroyed when reading stops early: the answer must still go out.
  if (incoming) return incoming.iterator({ destroyOnReturn: false })
  return (c.req.raw.body ?? []) as unknown as AsyncIterable<Uint8Array>
}

/** A client that goes away in the middle of its body is no fault of the server. */
async function* wholeOr400(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* body
  } catch (cause) {
    throw new LatchkeyError('http_error', { detail: 'The body must arrive whole, and in time', cause })
  }
}

function tooLarge(): LatchkeyError {
  return httpError(413, `The body must be at most ${maxBytes} bytes long`)
}

function httpError(status: number, detail: string): LatchkeyError {
  return new LatchkeyError('http_error', { status, detail, msg: detail })
}
