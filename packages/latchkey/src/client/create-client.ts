import { createAskServer, isCurable } from './ask-server.js'
import { ClientError } from './client-error.js'
import { type ClientOptions, readClientOptions } from './client-options.js'
import { untilAborted } from './elapsed.js'
import { type ClientEvents, createEmitter, type SessionFacts } from './events.js'
import type { CallOptions, LoginForm, SecretForm } from './forms.js'
import { createGuardedFetch, type FetchInit, type FetchInput } from './guarded-fetch.js'
import { createKeeper, factsOf } from './keep-session.js'
import { createRenewals } from './renew.js'
import { newSessionId, type Session, takePair } from './session.js'

const secretPath = '/v1/user/secret'

export interface Client {
  /**
   * Logs in, and keeps the pair of tokens. A session that was there before is replaced here, and lives on at the server. An API
   * key (type 300) gets no refresh token: when its token expires, log in again.
   *
   * @throws ClientError, with code `auth_failed` for a wrong account or secret; the reason of an aborted signal; what the
   * storage throws.
   */
  login(form: LoginForm, options?: CallOptions): Promise<SessionFacts>
  /**
   * Forgets the session at once, whatever happens then, and ends it at the server (RFC 7009). When it rejects, the tokens are
   * gone from here and may live on there. The token of an API key is only forgotten, since ending it would end those of all who
   * use the key. Without a session it does nothing.
   *
   * @throws ClientError when the server could not be told; the reason of an aborted signal; what the storage throws.
   */
  logout(options?: CallOptions): Promise<void>
  /**
   * `fetch` with `Authorization: Bearer` added, for the server's origin and those in `apis`. To any other origin it sends nothing.
   * Redirects are followed as `fetch` does, which leaves the token out at another origin (Fetch standard, HTTP-redirect fetch).
   * Without a session, or with an `Authorization` of the caller's own, it adds nothing.
   *
   * Refreshes a token with less than 5 s left (less than a tenth of its life, if that is shorter) before it sends. When the answer
   * is 401 with code `token_expired` or `token_revoked` it refreshes once and sends once more; a `ReadableStream` or an async
   * iterable in `init.body` cannot be sent twice: then it refreshes and resolves with the 401. Any other answer is the caller's.
   *
   * @throws TypeError for another origin, and whatever `fetch` throws; ClientError when a refresh was needed and failed: with
   * code `refresh_invalid` the session is over, with any other it is not; the reason of an aborted signal.
   */
  fetch(input: FetchInput, init?: FetchInit): Promise<Response>
  /**
   * Changes the password, and keeps the new pair that the server answers; all other sessions of the user end. Sent in any other
   * way the new pair would be lost, and with it this session.
   *
   * @throws ClientError, with code `auth_failed` for a wrong old password; TypeError without a session; the reason of an aborted
   * signal; what the storage throws.
   */
  changeSecret(form: SecretForm, options?: CallOptions): Promise<SessionFacts>
  /** Who is logged in; undefined: nobody. Asks the storage, not the server. */
  session(): Promise<SessionFacts | undefined>
  /** Calls `listener` at each login, refresh and logout, those in other tabs included. The function it answers ends that. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => unknown): () => void
  /** Leaves the other tabs alone from now on. The session stays. */
  close(): void
}

/**
 * Makes a client of a Latchkey server.
 *
 *     const client = createClient({ server: 'https://id.example', apis: ['https://api.example'] })
 *     await client.login({ account: 'ann@example.org', secret, type: 100 })
 *     const orders = await client.fetch('https://api.example/orders')
 *
 * One refresh serves all calls that wait for it, and in browsers all tabs; only a refusal of the refresh token ends the session. A
 * refresh whose answer does not come is tried again for up to 28 s, since the server repeats it for 30 s. It sends no cookies to
 * the server, and decides nothing by comparing clocks.
 *
 * @throws TypeError for a wrong address, or an unknown or wrong option.
 */
export function createClient(options: ClientOptions): Client {
  const { server, origins, storage, tabs } = readClientOptions(options)
  const ask = createAskServer(server)
  const { on, emit } = createEmitter()
  const keeper = createKeeper({ server, storage, tabs }, { emit })
  const renewals = createRenewals(ask, keeper)

  const keepAnswer = async (answer: unknown, call: string, place: Pick<Session, 'id' | 'turn'>) => {
    const session = takePair(answer, { server, ...place })
    if (!session) throw new ClientError('unexpected_body', call)
    await keeper.keep(session)
    return factsOf(session)
  }

  const changeSecret = async (form: SecretForm, signal: AbortSignal | undefined, isSecond = false) => {
    let session: Session | undefined
    const change = async () => {
      session = await keeper.read()
      if (!session) throw new TypeError('changeSecret needs a session; log in first')
      const { id, turn, token } = session
      const answer = await ask(secretPath, form, { method: 'PUT', token, signal })
      return keepAnswer(answer, `PUT ${secretPath}`, { id, turn: turn + 1 })
    }
    try {
      return await renewals.instead(change)
    } catch (error) {
      const isStale = error instanceof ClientError && isCurable(error.code)
      if (isSecond || !isStale || !session?.refreshToken) throw error
      await renewals.renew(session)
      return changeSecret(form, signal, true)
    }
  }

  return {
    on,
    close: keeper.close,
    fetch: createGuardedFetch(origins, keeper, renewals),
    async session() {
      const session = await keeper.readFirst()
      return session && factsOf(session)
    },
    async login(form, { signal } = {}) {
      const answer = await ask('/v1/token', form, { signal })
      return keepAnswer(answer, 'POST /v1/token', { id: newSessionId(), turn: 0 })
    },
    async logout({ signal } = {}) {
      const session = await keeper.readFirst()
      if (!session) return
      await keeper.end(session.id, 'logout')
      const { refreshToken: token } = session
      if (token) await ask('/v1/token/revoke', { token, token_type_hint: 'refresh_token' }, { signal, keepalive: true })
    },
    changeSecret(form, { signal } = {}) {
      return untilAborted(changeSecret(form, signal), signal)
    },
  }
}
