/** Which answer of a guard is right. */

/** Of a token or of a key: moments on `performance.now()`, infinite while there was none. */
export interface End {
  /** When it was asked for: from then on it may have happened. */
  askedAtMs: number
  /** When that was acknowledged. */
  ackedAtMs: number
}

export const newEnd = (): End => ({ askedAtMs: Number.POSITIVE_INFINITY, ackedAtMs: Number.POSITIVE_INFINITY })

export interface Credential {
  /** Its own, and that of the key that signed it. */
  readonly ends: readonly End[]
  /** Milliseconds since the epoch. */
  expiresAtMs: number
}

export interface Moment {
  /** On `performance.now()`. */
  readonly ms: number
  /** Since the epoch. */
  readonly dateMs: number
}

export const moment = (): Moment => ({ ms: performance.now(), dateMs: Date.now() })

/** When a guard decided: between the two. */
export interface Between {
  readonly sent: Moment
  readonly answered: Moment
}

/** Within that an end is in force at every guard that is fresh. */
export const promisedMs = 1000

/**
 * What a guard must do with it: `refuse` when it had expired, or its end had been acknowledged `withinMs` before it was sent;
 * `accept` when nobody had asked for its end, nor had it expired, when the answer was here; between the two `either` is right.
 */
export function judge(
  { ends, expiresAtMs }: Credential,
  { sent, answered }: Between,
  withinMs: number,
): 'accept' | 'refuse' | 'either' {
  if (sent.dateMs >= expiresAtMs) return 'refuse'
  if (sent.ms > ackedAtMs(ends) + withinMs) return 'refuse'
  const wasAsked = ends.some(({ askedAtMs }) => askedAtMs <= answered.ms)
  return wasAsked || answered.dateMs >= expiresAtMs ? 'either' : 'accept'
}

/** The first of them. */
export const ackedAtMs = (ends: readonly End[]) => Math.min(...ends.map((end) => end.ackedAtMs))

/** What is wrong from the beginning. */
export const neverGood: Credential = { ends: [], expiresAtMs: Number.NEGATIVE_INFINITY }
