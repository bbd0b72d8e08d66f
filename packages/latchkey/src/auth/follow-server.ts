/** Follows a Latchkey server: its keys and its revocations, kept up to date in this process. */
import { isAlgorithm } from '../token/algorithms.js'
import { beginRead, createRevocationCopy, importKey, type Jwk, type Key, type RevocationCopy } from '../token/index.js'
import { writeApiKeyHeader } from './api-key-header.js'
import { readFeedPage } from './feed-page.js'
import { type FetchedJson, fetchJson } from './fetch-json.js'
import { createReadiness } from './readiness.js'
import { keysPath, metadataPath } from './server-address.js'
import { createServerClock } from './server-clock.js'

const pollEveryMs = 400
const retryMs = 1_000
/** The keys are published ten minutes before they sign; a copy may be half as old. */
const keysMaxAgeMs = 5 * 60_000
/** How long one answer may take, at first and after failures: a connection that died mute is given up soon. */
const answerWaitMs = [2_000, 2_000, 2_000, 5_000]
const maxDocumentBytes = 64 * 1024
const maxPageBytes = 4 * 1024 * 1024

export interface ServerFollower {
  readonly revocations: RevocationCopy
  /** Settles after the first keys and the first revocations are here. */
  ready(): Promise<void>
  /** The last reason why the server could not be followed; undefined while it can. */
  readonly problem: string | undefined
  close(): void
}

export interface ServerFollowerOptions {
  /** Without a slash at its end. */
  readonly server: string
  /** What its metadata must name. */
  readonly issuer: string
  /** What the feed is asked with, where it is closed to strangers. */
  readonly apiKey?: string | undefined
  /** Called with every new set of keys; what it throws is a problem like any other. */
  readonly onKeys: (keys: readonly Key[]) => void
}

/**
 * Begins to follow. Its timers hold no process open. What goes wrong is tried again, and is no exception: the copy grows older,
 * and says so. A token never causes a request.
 */
export function followServer({ server, issuer, apiKey, onKeys }: ServerFollowerOptions): ServerFollower {
  const authorization = apiKey === undefined ? undefined : writeApiKeyHeader(apiKey)
  const revocations = createRevocationCopy()
  const clock = createServerClock()
  const aborted = new AbortController()
  const readiness = createReadiness()
  let problem: string | undefined
  let keysVersion: number | undefined
  let keysReadAtMs = Number.NEGATIVE_INFINITY
  let cursor = ''
  let timer: NodeJS.Timeout | undefined
  let failures = 0
  let hasUnknownRows = false

  function getJson(path: string, maxBytes: number, authorization?: string): Promise<FetchedJson> {
    const waitMs = answerWaitMs[Math.min(failures, answerWaitMs.length - 1)] as number
    return fetchJson(server + path, { maxBytes, waitMs, signal: aborted.signal, authorization })
  }

  async function checkMetadata(): Promise<void> {
    const { value } = await getJson(metadataPath, maxDocumentBytes)
    if (value.issuer !== issuer) throw new Error(`${server + metadataPath} must name the issuer ${issuer}`)
    if (value.jwks_uri === undefined) {
      throw new Error(
        `${server} publishes no keys: it signs with a shared secret. Sign with EdDSA, or give createAuth the keys`,
      )
    }
  }

  /** Reads the keys, of this version where one is known: caches in between must not answer with an older one. */
  async function readKeys(wanted?: number): Promise<void> {
    const readAtMs = performance.now()
    await checkMetadata()
    // Where the server was reached, which behind a proxy is not where its metadata says.
    const path = keysPath + (wanted === undefined ? '' : `?v=${wanted}`)
    const { value } = await getJson(path, maxDocumentBytes)
    if (!Array.isArray(value.keys) || value.keys.length === 0) throw new Error(`${server + path} must answer keys`)
    // Keys of algorithms that this version does not know are of no use to it, and no fault.
    const known = (value.keys as readonly Jwk[]).filter((jwk) => isAlgorithm(jwk?.alg))
    onKeys(known.map((jwk) => importKey(jwk)))
    keysReadAtMs = readAtMs
    // The node that answered may not have read the change yet; then it is asked again after the next read of the feed.
    keysVersion = typeof value.keys_version === 'number' ? value.keys_version : wanted
  }

  async function readFeed(): Promise<number> {
    const began = beginRead()
    let olderMs = 0
    for (;;) {
      const path = `/v1/revocations?after=${encodeURIComponent(cursor)}`
      const { value, ageSeconds } = await getJson(path, maxPageBytes, authorization)
      const page = readFeedPage(value)
      if (revocations.apply(page.rows) > 0) hasUnknownRows = true
      // As from a cache that answers everything with one page.
      if (page.more && page.next === cursor) throw new Error('A page of the feed must say where the next one begins')
      cursor = page.next
      if (!page.final) {
        olderMs = Math.max(olderMs, page.ageMs + ageSeconds * 1000, clock.heard(page))
      }
      if (page.more) continue
      revocations.readUpTo(began, olderMs)
      revocations.sweep(page.nowMs / 1000)
      return page.keysVersion
    }
  }

  async function pass(): Promise<void> {
    if (performance.now() - keysReadAtMs > keysMaxAgeMs) await readKeys(keysVersion)
    const version = await readFeed()
    if (keysVersion === undefined || keysVersion < version) await readKeys(version)
  }

  async function tick(): Promise<void> {
    const beganAtMs = performance.now()
    try {
      await pass()
      problem = undefined
      failures = 0
      readiness.settle()
    } catch (error) {
      failures++
      problem = error instanceof Error ? error.message : 'the server could not be followed'
    }
    if (aborted.signal.aborted) return
    // What was waited for in vain is not waited for once more.
    const waitedMs = performance.now() - beganAtMs
    timer = setTimeout(tick, problem === undefined ? pollEveryMs : Math.max(pollEveryMs, retryMs - waitedMs))
    timer.unref()
  }

  tick()
  return Object.freeze({
    revocations,
    ready: readiness.wait,
    get problem() {
      if (problem !== undefined || !hasUnknownRows) return problem
      return 'The feed has revocations of a kind that this version does not know: update latchkey'
    },
    close() {
      clearTimeout(timer)
      aborted.abort()
      readiness.close()
    },
  })
}
