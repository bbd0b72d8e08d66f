/** What a client knows of its session, and the one text that storages keep and tabs hand on. */
export interface Session {
  /** The server that it belongs to: its token is for nobody else. */
  readonly server: string
  /** Made at login, no secret: tells sessions apart. */
  readonly id: string
  /** How often it was refreshed here. */
  readonly turn: number
  /** `Date.now()` of this device when the pair came. Compared with nothing but later readings of the same clock. */
  readonly cameAt: number
  readonly token: string
  /** From `cameAt` on. */
  readonly ttlSeconds: number
  /** None after the login with an API key. */
  readonly refreshToken?: string
  readonly scope: string
  readonly uid: string
}

/** The session after an answer of the server; undefined when the answer is not a pair of tokens. */
export function takePair(
  answer: unknown,
  { server, id, turn }: Pick<Session, 'server' | 'id' | 'turn'>,
): Session | undefined {
  const { token, expires_in, refresh_token, scope, uid } = Object(answer)
  return check({
    ...{ server, id, turn, cameAt: Date.now(), token, ttlSeconds: expires_in },
    ...{ refreshToken: refresh_token, scope, uid },
  })
}

/** Reads the text of a session of this server. Undefined for anything else. */
export function readSession(text: unknown, server: string): Session | undefined {
  try {
    const session = check(JSON.parse(text as string))
    return session?.server === server ? session : undefined
  } catch {
    return undefined
  }
}

function check(value: Session): Session | undefined {
  const { id, turn, cameAt, token, ttlSeconds, refreshToken = '', scope, uid } = value
  const isSession =
    [id, token, refreshToken, scope, uid].every((text) => typeof text === 'string') &&
    [turn, cameAt, ttlSeconds].every(Number.isFinite) &&
    // It goes into a header.
    /^[\w.-]+$/.test(token)
  return isSession ? value : undefined
}

export function newSessionId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-')
}
