/** Reads an OpenAPI 3.0 or 3.1 file into operations that can be called. */
import { parse as parseYaml, YAMLParseError } from 'yaml'
import { fillValue } from './fill-value.js'
import { type Operation, safeMethods } from './operation.js'
import { isObject, type Json, resolveReference } from './resolve-reference.js'

const methods = ['get', 'head', 'post', 'put', 'patch', 'delete']
/** HTTP's own headers, which the file may list and must not (OpenAPI 3.1 section 4.8.12.2.1). */
const ownHeaders = ['authorization', 'accept', 'content-type', 'host', 'content-length']

/** @throws Error saying what was expected. */
export function readDescription(text: string): Operation[] {
  const document = parse(text)
  if (typeof document.openapi !== 'string' || !/^3\.[01]\./.test(document.openapi)) {
    throw new Error('The OpenAPI file must have "openapi": "3.0.x" or "3.1.x"')
  }
  if (!isObject(document.paths)) throw new Error('The OpenAPI file must have "paths"')
  return Object.entries(document.paths).flatMap(([path, item]) => {
    const shared = resolveReference(document, item)
    return methods
      .filter((method) => isObject(shared[method]))
      .map((method) => readOperation(document, path, method.toUpperCase(), shared, shared[method] as Json))
  })
}

/** YAML, of which JSON is a part. What it says of a fault would quote the text: the line alone is told. */
function parse(text: string): Json {
  let at = ''
  try {
    // Without a byte order mark, too.
    const plain = text.trimStart()
    const document: unknown = plain.startsWith('{') ? JSON.parse(plain) : parseYaml(plain)
    if (isObject(document)) return document
  } catch (error) {
    const line = error instanceof YAMLParseError ? error.linePos?.[0].line : undefined
    if (line !== undefined) at = ` (line ${line})`
  }
  throw new Error(`The OpenAPI file must be an object in JSON or YAML${at}`)
}

function readOperation(document: Json, path: string, method: string, shared: Json, own: Json): Operation {
  const isSafe = safeMethods.includes(method)
  const parameters = parametersOf(document, shared, own)
  const filled = parameters.map((parameter) => ({
    place: parameter.in,
    name: String(parameter.name),
    // What is not there cannot be changed by a request that should have been refused.
    ...fillValue(document, parameter, isSafe),
  }))
  const inPlace = (place: string) => filled.filter((parameter) => parameter.place === place)
  const query = new URLSearchParams(inPlace('query').map(({ name, text }): [string, string] => [name, text])).toString()
  const named = inPlace('header').filter(({ name }) => !ownHeaders.includes(name.toLowerCase()))
  const cookie = inPlace('cookie').map(({ name, text }) => `${name}=${encodeURIComponent(text)}`)
  const { body, contentType } = bodyOf(document, own)
  return {
    name: `${method} ${path}`,
    method,
    template: path,
    ...fillPath(path, inPlace('path')),
    query: query === '' ? '' : `?${query}`,
    headers: {
      ...Object.fromEntries(named.map(({ name, text }) => [name.toLowerCase(), encodeURI(text)])),
      ...(cookie.length > 0 && { cookie: cookie.join('; ') }),
      ...(contentType !== undefined && { 'content-type': contentType }),
    },
    body,
    ...securityOf(document, own.security ?? document.security),
  }
}

/** Required ones, those of the operation before those of its path. */
function parametersOf(document: Json, shared: Json, own: Json): Json[] {
  const all = [own.parameters, shared.parameters]
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .map((parameter) => resolveReference(document, parameter))
  const isFirst = (parameter: Json, index: number) =>
    all.findIndex(({ name, in: place }) => name === parameter.name && place === parameter.in) === index
  return all.filter((parameter, index) => isFirst(parameter, index) && (parameter.required || parameter.in === 'path'))
}

/** A part in braces that the file does not describe is filled as a text. */
function fillPath(path: string, values: { readonly name: string; readonly text: string; readonly madeUp: boolean }[]) {
  let madeUp = false
  const filled = path.replace(/\{([^}]*)\}/g, (_part, name: string) => {
    const value = values.find((candidate) => candidate.name === name) ?? { text: 'latchkey-probe', madeUp: true }
    madeUp ||= value.madeUp
    return encodeURIComponent(value.text)
  })
  const written = filled.replace(/[^!-~]+/g, encodeURIComponent)
  return { path: written.startsWith('/') ? written : `/${written}`, madeUp }
}

/** Well-formed, since parsers stand before guards, and of another kind than the schema asks, so that it is refused. */
function bodyOf(document: Json, own: Json): { readonly body: string | undefined; readonly contentType?: string } {
  const { content } = resolveReference(document, own.requestBody)
  if (!isObject(content)) return { body: undefined }
  const types = Object.keys(content)
  const json = types.find((type) => /[/+]json\b/.test(type))
  if (json !== undefined) {
    const schema = resolveReference(document, (content[json] as Json | undefined)?.schema)
    return { body: schema.type === 'array' ? '{}' : '[]', contentType: json }
  }
  const [type = 'application/octet-stream'] = types
  return { body: 'latchkey-probe=1', contentType: type.includes('*') ? 'application/octet-stream' : type }
}

function securityOf(document: Json, security: unknown): Pick<Operation, 'openByDescription' | 'scopes'> {
  const ways = Array.isArray(security) ? security.filter(isObject) : []
  const { securitySchemes } = resolveReference(document, document.components)
  const takesBearer = (name: string) => {
    const { type, scheme } = resolveReference(document, isObject(securitySchemes) ? securitySchemes[name] : undefined)
    if (type === 'oauth2' || type === 'openIdConnect') return true
    return type === 'http' && typeof scheme === 'string' && scheme.toLowerCase() === 'bearer'
  }
  const ofBearer = ways.filter((way) => Object.keys(way).some(takesBearer))
  return {
    // An empty way among others says that a credential is optional.
    openByDescription: ways.length === 0 || ways.some((way) => Object.keys(way).length === 0),
    scopes: (ofBearer.length > 0 ? ofBearer : ways).map((way) => Object.values(way).flat().map(String)),
  }
}
