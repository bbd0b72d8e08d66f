/** References inside an OpenAPI file: `{ "$ref": "#/components/..." }` (RFC 6901). */

export type Json = Readonly<Record<string, unknown>>

const maxSteps = 20

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What is meant, or an empty object for what is no object; references to other files lead nowhere. */
export function resolveReference(document: Json, value: unknown): Json {
  let found = value
  for (let step = 0; step < maxSteps && isObject(found) && typeof found.$ref === 'string'; step++) {
    found = at(document, found.$ref)
  }
  return isObject(found) && found.$ref === undefined ? found : {}
}

function at(document: Json, pointer: string): unknown {
  if (!pointer.startsWith('#/')) return undefined
  let found: unknown = document
  for (const part of pointer.slice(2).split('/')) {
    const name = unescapePart(part)
    if (!isObject(found) || !Object.hasOwn(found, name)) return undefined
    found = found[name]
  }
  return found
}

function unescapePart(part: string): string {
  const text = part.replaceAll('~1', '/').replaceAll('~0', '~')
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
