/** Follows the keys of an issuer that is no Latchkey server, and so has no feed that says when they change. */
import { type ForeignKey, readForeignKey } from '../token/foreign-key.js'
import { fetchJson } from './fetch-json.js'
import { type IssuerPlace, maxDocumentBytes, readKeySetAddress } from './issuer-metadata.js'
import { createReadiness } from './readiness.js'

export interface IssuerFollower {
  /** Settles after the first keys are here. */
  ready(): Promise<void>
  /** Why the keys could not be read the last time; undefined when they could. */
  readonly problem: string | undefined
  /**
   * To be told of a token that names an unknown key. Reads the keys again, if that was not tried lately. Answers whether they are
   * being read because of such a token.
   */
  asksForKeys(): boolean
  close(): void
}

/** How often the keys are read. */
export interface Pace {
  /** How old the keys become before they are read again. */
  readonly maxAgeMs: number
  /** From one beginning to the next, whatever happens: forged tokens and an issuer that is down cause no more. */
  readonly minGapMs: number
}

export const usualPace: Pace = Object.freeze({ maxAgeMs: 5 * 60_000, minGapMs: 30_000 })

export interface IssuerFollowerOptions extends IssuerPlace {
  readonly pace: Pace
  /** Called with the first keys, and with others when they have changed. */
  readonly onKeys: (keys: readonly ForeignKey[]) => void
}

/**
 * Begins to follow. Its timers hold no process open. What goes wrong is tried again, and is no exception: the last copy of the
 * keys stays in use, and `problem` says why there is no newer one.
 */
export function followIssuer({ pace, onKeys, ...place }: IssuerFollowerOptions): IssuerFollower {
  const aborted = new AbortController()
  const readiness = createReadiness()
  let problem: string | undefined
  let lastSet = ''
  let beganAtMs = Number.NEGATIVE_INFINITY
  let reading: 'by age' | 'for a token' | undefined
  let timer: NodeJS.Timeout | undefined

  async function readKeys(): Promise<void> {
    const url = await readKeySetAddress(place, aborted.signal)
    const { value } = await fetchJson(url, { maxBytes: maxDocumentBytes, signal: aborted.signal })
    if (!Array.isArray(value.keys)) throw new Error(`${url} must answer a JWK set`)
    const keys = value.keys.map(readForeignKey).filter((key) => key !== undefined)
    if (keys.length === 0) throw new Error(`${url} must answer a key for RS256, PS256, ES256 or EdDSA`)
    // Tokens that were verified with the same keys stay known.
    const set = JSON.stringify(value.keys)
    if (set !== lastSet) onKeys(keys)
    lastSet = set
  }

  async function read(why: typeof reading): Promise<void> {
    reading = why
    beganAtMs = performance.now()
    clearTimeout(timer)
    try {
      await readKeys()
      problem = undefined
      readiness.settle()
    } catch (error) {
      problem = `The keys of ${place.issuer} could not be read: ${reasonOf(error)}`
    }
    reading = undefined
    if (aborted.signal.aborted) return
    timer = setTimeout(read, problem === undefined ? pace.maxAgeMs : pace.minGapMs, 'by age')
    timer.unref()
  }

  function asksForKeys(): boolean {
    const mayRead = reading === undefined && performance.now() - beganAtMs >= pace.minGapMs
    if (mayRead && !aborted.signal.aborted) read('for a token')
    return reading === 'for a token'
  }

  read('by age')
  return Object.freeze({
    ready: readiness.wait,
    get problem() {
      return problem
    },
    asksForKeys,
    close() {
      clearTimeout(timer)
      aborted.abort()
      readiness.close()
    },
  })
}

/** With its cause, where `fetch` says what happened. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
