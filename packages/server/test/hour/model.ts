/** What the load was told by acknowledged answers, and so what each token is worth at each moment. */
import { readShownJwt } from '../../src/probe/shown-token.js'
import type { Pair } from '../store/kills/session.js'
import { type Credential, type End, newEnd } from './judge.js'

export interface SigningKey {
  readonly kid: string
  /** When the first token of it was seen, on `performance.now()`. */
  readonly seenAtMs: number
  readonly end: End
}

export interface Token extends Credential {
  readonly text: string
  readonly key: SigningKey
  readonly end: End
}

export interface Session {
  readonly user: User
  refreshToken: string
  /** Those that have not expired, the newest last. */
  tokens: Token[]
}

export interface User {
  readonly account: string
  secret: string
  /** Changed since: does not log in. */
  oldSecret: string | undefined
  sessions: Session[]
  /** Nothing ends its sessions: its tokens live until they expire, or their key is retired. */
  readonly staysLoggedIn: boolean
  /** Something that changes its sessions is under way. */
  isBusy: boolean
}

/** Of what has ended so many are kept, to be shown again. */
const kept = 1_000

export class Model {
  readonly users: User[] = []
  readonly keys = new Map<string, SigningKey>()
  /** Issued and not expired, whatever became of them, the newest last. */
  issued: Token[] = []
  /** Their end was acknowledged, the latest last; not expired. */
  ended: Token[] = []
  /** Their key was retired, and nothing else had ended them before. */
  retired: Token[] = []
  /** Expired by themselves. */
  expired: Token[] = []
  /** Refresh tokens whose session has ended. One that was used is not shown again: that ends its session, as a theft. */
  endedRefreshTokens: string[] = []

  /** `askingMs`: a token that changes something must live that long at least. */
  constructor(readonly askingMs: number) {}

  /** The token of a new pair, of this session from now on. */
  take(session: Session, { token: text, refresh_token }: Pair): Token {
    const jwt = readShownJwt(text)
    const { headerMembers, claims } = jwt as NonNullable<typeof jwt>
    const key = this.#keyOf(String(headerMembers.kid))
    const end = newEnd()
    const token = { text, key, end, ends: [end, key.end], expiresAtMs: Number(claims.exp) * 1000 }
    session.tokens.push(token)
    session.refreshToken = refresh_token
    this.issued.push(token)
    return token
  }

  #keyOf(kid: string): SigningKey {
    const known = this.keys.get(kid)
    if (known) return known
    const key = { kid, seenAtMs: performance.now(), end: newEnd() }
    this.keys.set(kid, key)
    return key
  }

  /** From now on either is right; `acknowledge` says when their end was. */
  end(tokens: readonly Token[]): { acknowledge(): void; recall(): void } {
    const askedAtMs = performance.now()
    const concerned = tokens.filter(({ end }) => end.askedAtMs === Number.POSITIVE_INFINITY)
    for (const { end } of concerned) end.askedAtMs = askedAtMs
    return {
      acknowledge: () => {
        for (const { end } of concerned) end.ackedAtMs = performance.now()
        this.ended.push(...concerned)
      },
      recall() {
        for (const { end } of concerned) end.askedAtMs = Number.POSITIVE_INFINITY
      },
    }
  }

  /** These have ended. */
  forget(sessions: readonly Session[]): void {
    for (const session of sessions) {
      this.endedRefreshTokens.push(session.refreshToken)
      session.user.sessions = session.user.sessions.filter((one) => one !== session)
    }
  }

  /** The key was retired; to be called with the acknowledgement. */
  retire(key: SigningKey): void {
    key.end.ackedAtMs = performance.now()
    this.retired = this.issued.filter((token) => token.key === key && token.end.askedAtMs === Number.POSITIVE_INFINITY)
  }

  /** As if nobody had logged in yet. */
  clear(): void {
    for (const list of [this.issued, this.ended, this.retired, this.expired, this.endedRefreshTokens]) list.length = 0
    for (const user of this.users) user.sessions = []
    this.keys.clear()
  }

  /** Lets go of what has expired; to be called now and then. */
  expire(): void {
    const now = Date.now()
    const isLive = ({ expiresAtMs }: Token) => expiresAtMs > now
    // Those that nothing else would refuse.
    const over = this.issued.filter(
      (token) => !isLive(token) && token.ends.every(({ ackedAtMs }) => ackedAtMs === Number.POSITIVE_INFINITY),
    )
    this.expired = [...this.expired, ...over].slice(-kept)
    this.issued = this.issued.filter(isLive)
    this.ended = this.ended.filter(isLive)
    this.endedRefreshTokens = this.endedRefreshTokens.slice(-kept)
    for (const { sessions } of this.users) {
      for (const session of sessions) session.tokens = session.tokens.filter(isLive)
    }
    const living = new Set(this.issued.map(({ key }) => key))
    for (const token of this.retired) living.add(token.key)
    for (const [kid, key] of this.keys)
      if (!living.has(key) && key.end.ackedAtMs < performance.now()) this.keys.delete(kid)
  }
}
