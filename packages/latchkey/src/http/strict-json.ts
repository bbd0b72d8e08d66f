/** Parses request bodies so that every reader understands them alike (RFC 8259, RFC 7493). */
import { decodeUtf8, readStrictJson } from '../encoding/index.js'
import { LatchkeyError } from '../errors.js'

/**
 * Parses JSON and refuses what parsers read differently: bad UTF-8, a byte order mark, repeated keys, lone surrogates,
 * numbers beyond a double, `__proto__`, more than 32 levels. Does not limit the length: read no more than you mean to parse.
 * @throws LatchkeyError `parameter_invalid` with the field (or `body`) and the reason.
 */
export function parseStrictJson(body: Uint8Array | string): unknown {
  const text = typeof body === 'string' ? body : decodeUtf8(body)
  if (text === undefined) throw refused('body', 'must be UTF-8')
  const result = readStrictJson(text)
  if (result.reason !== undefined) throw refused(result.field, result.reason)
  return result.value
}

function refused(field: string, reason: string): LatchkeyError {
  return new LatchkeyError('parameter_invalid', { msg: { [field]: [reason] }, detail: `${field} ${reason}` })
}
