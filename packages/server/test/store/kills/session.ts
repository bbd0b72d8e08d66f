import { createHash } from 'node:crypto'
import { parseRefreshToken } from '../../../src/sessions/refresh-token.js'

export interface Pair {
  readonly token: string
  readonly refresh_token: string
}

/** A refresh that was acknowledged. */
export interface Exchange {
  readonly presented: string
  /** The first time. */
  readonly sentAtMs: number
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64url')

/** What an access token says, unverified. */
export function claimsOf(token: string): { readonly sid: string; readonly gen: number; readonly iat: number } {
  return JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
}

/** A session as its client knows it, from acknowledged answers alone. */
export class Session {
  readonly sid: string
  readonly label: string
  /** `unsure`: it was asked to end, without an answer; `ended` once that is sure. */
  state: 'live' | 'unsure' | 'ended' = 'live'
  endedAtMs = Number.POSITIVE_INFINITY
  generation = 0
  refreshToken: string
  last: Exchange | undefined
  /** Refresh tokens that gave way to others: the last two, the older one first. */
  readonly usedTokens: string[] = []
  /** As good as the session is: the first one, and the newest ones. */
  readonly accessTokens: string[]
  /** Refused though the session may be live. */
  readonly refusedTokens: string[] = []
  readonly history: string[] = []
  /** What was answered, by generation. */
  readonly #answers = new Map<number, string>()

  constructor(pair: Pair, label: string) {
    this.sid = claimsOf(pair.token).sid
    this.label = label
    this.refreshToken = pair.refresh_token
    this.accessTokens = [pair.token]
  }

  /** Takes the answer to a refresh token of `presented`, for the first time or again; answers what is wrong with it. */
  take(text: string, presented: number): string | undefined {
    const pair = JSON.parse(text) as Pair
    const { sid, gen } = claimsOf(pair.token)
    const next = parseRefreshToken(pair.refresh_token)
    if (sid !== this.sid || next?.sid !== this.sid) return 'the answer is of another session'
    if (gen !== presented + 1 || next.gen !== gen) return `${presented} was answered with ${gen} and ${next.gen}`
    const known = this.#answers.get(gen)
    if (known !== undefined) return known === hashOf(text) ? undefined : `${gen} was given out with two contents`
    if (gen !== this.generation + 1) return `${gen} was given out after ${this.generation}`
    this.#answers.set(gen, hashOf(text))
    this.moveTo(pair)
    return undefined
  }

  moveTo({ token, refresh_token }: Pair): void {
    this.usedTokens.push(this.refreshToken)
    if (this.usedTokens.length > 2) this.usedTokens.shift()
    this.generation = claimsOf(token).gen
    this.refreshToken = refresh_token
    this.accessTokens.push(token)
    if (this.accessTokens.length > 3) this.accessTokens.splice(1, 1)
  }

  end(): void {
    if (this.state !== 'ended') this.endedAtMs = performance.now()
    this.state = 'ended'
  }
}
