/** The public keys of whoever issued a token (RFC 8414, OpenID Connect Discovery 1.0), for forging with them. */
import type { JsonWebKey } from 'node:crypto'
import { isObject, type Json } from './resolve-reference.js'
import type { Answer } from './sender.js'

/** Named, so that keys can be looked up. */
export type PublishedKey = JsonWebKey & { readonly kid?: string }

export type KeySearch =
  | { readonly keys: readonly PublishedKey[]; readonly text: string }
  | { readonly keys?: undefined; readonly reason: string }

/** Looks at `jwks`, else where the metadata of the issuer says. Trusts nothing of what it reads. */
export async function findIssuerKeys(
  read: (url: URL) => Promise<Answer>,
  issuer: unknown,
  jwks: URL | undefined,
): Promise<KeySearch> {
  const places = jwks === undefined ? await placesOf(read, issuer) : [jwks]
  for (const place of places) {
    const text = await readText(read, place)
    const { keys } = parse(text)
    if (Array.isArray(keys) && keys.some(isObject)) return { keys: keys.filter(isObject) as PublishedKey[], text }
  }
  const where =
    jwks === undefined ? 'through the iss of the good token; give --jwks' : `at ${jwks.origin}${jwks.pathname}`
  return { reason: `no public keys were found ${where}` }
}

async function placesOf(read: (url: URL) => Promise<Answer>, issuer: unknown): Promise<URL[]> {
  const places: URL[] = []
  for (const url of metadataAddresses(issuer)) {
    const address = parse(await readText(read, url)).jwks_uri
    const place = typeof address === 'string' ? httpUrl(address) : undefined
    if (place !== undefined) places.push(place)
  }
  return places
}

/** OpenID Connect appends its path, RFC 8414 puts its own between host and path; some append that as well. */
function metadataAddresses(issuer: unknown): URL[] {
  const url = typeof issuer === 'string' ? httpUrl(issuer) : undefined
  if (url === undefined) return []
  const path = url.pathname.replace(/\/+$/, '')
  const inFront = '/.well-known/oauth-authorization-server'
  const paths = new Set([`${path}/.well-known/openid-configuration`, `${inFront}${path}`, `${path}${inFront}`])
  return [...paths].map((each) => new URL(each, url.origin))
}

function httpUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined
}

async function readText(read: (url: URL) => Promise<Answer>, url: URL): Promise<string> {
  try {
    const { status, body } = await read(url)
    return status === 200 ? body : ''
  } catch (error) {
    if ((error as Error).name === 'NoAnswer') return ''
    throw error
  }
}

function parse(text: string): Json {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
