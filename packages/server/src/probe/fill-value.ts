/** A value for a parameter: what the file offers, else one that is made up and that nothing should be named by. */
import { isObject, type Json, resolveReference } from './resolve-reference.js'

export interface FilledValue {
  readonly text: string
  readonly madeUp: boolean
}

const madeUpText = 'latchkey-probe'
const madeUpNumber = 987_654_321
const formats: Readonly<Record<string, string>> = {
  uuid: 'b7e1c0de-0000-4000-8000-000000000000',
  date: '2001-02-03',
  'date-time': '2001-02-03T04:05:06Z',
  email: 'latchkey-probe@example.invalid',
  uri: 'https://example.invalid/latchkey-probe',
  ipv4: '192.0.2.1',
}

/**
 * The value of a parameter object. `mayBeReal` allows what the file offers in examples and defaults, which may name something
 * that is there; values of an `enum` are taken always, since no other would do.
 */
export function fillValue(document: Json, parameter: Json, mayBeReal: boolean): FilledValue {
  const schema = resolveReference(document, parameter.schema ?? firstContent(parameter)?.schema)
  const given = mayBeReal ? offered(document, parameter, schema) : undefined
  if (given !== undefined) return { text: textOf(given), madeUp: false }
  const listed = listedIn(schema)
  if (listed !== undefined) return { text: textOf(listed), madeUp: false }
  return { text: textOf(makeUp(document, schema)), madeUp: true }
}

function firstContent({ content }: Json): Json | undefined {
  const first = isObject(content) ? Object.values(content)[0] : undefined
  return isObject(first) ? first : undefined
}

function offered(document: Json, parameter: Json, schema: Json): unknown {
  const [named] = isObject(parameter.examples) ? Object.values(parameter.examples) : []
  const [example] = Array.isArray(schema.examples) ? schema.examples : []
  const found = [parameter.example, resolveReference(document, named).value, schema.example, example, schema.default]
  return found.find((value) => value !== undefined)
}

function listedIn(schema: Json): unknown {
  if (schema.const !== undefined) return schema.const
  return Array.isArray(schema.enum) ? schema.enum[0] : undefined
}

function makeUp(document: Json, schema: Json, depth = 0): unknown {
  const { type, oneOf, anyOf, allOf } = schema
  const [part] = [oneOf, anyOf, allOf].find((list): list is unknown[] => Array.isArray(list)) ?? []
  if (part !== undefined && depth < 8) return makeUp(document, resolveReference(document, part), depth + 1)
  const kind = Array.isArray(type) ? type.find((name) => name !== 'null') : type
  if (kind === 'integer' || kind === 'number') return numberFor(schema)
  if (kind === 'boolean') return false
  if (kind === 'array' && depth < 8) return [makeUp(document, resolveReference(document, schema.items), depth + 1)]
  return textFor(schema)
}

function numberFor({ minimum, maximum }: Json): number {
  const low = typeof minimum === 'number' ? minimum : Number.NEGATIVE_INFINITY
  const high = typeof maximum === 'number' ? maximum : Number.POSITIVE_INFINITY
  return Math.min(Math.max(madeUpNumber, low), high)
}

function textFor({ format, minLength, maxLength }: Json): string {
  const text = (typeof format === 'string' && formats[format]) || madeUpText
  const longer = typeof minLength === 'number' ? text.padEnd(Math.min(minLength, 1024), '-') : text
  return typeof maxLength === 'number' ? longer.slice(0, Math.max(1, maxLength)) : longer
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(',')
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}
