import { NotFound } from '@latchkey/query'
import { LatchkeyError } from 'latchkey'
import { operator } from '../audit/actor.js'
import { type ClientType, emailType, type Identity } from '../client-types/client-type.js'
import type { ReadyConfig } from '../config.js'
import { createLogin, type LoginForm } from '../sessions/login.js'
import type { TokenAnswer } from '../sessions/token-pair.js'
import type { Store } from '../store/store.js'
import type { OpenAccounts } from './open-accounts.js'
import { openTokens } from './open-tokens.js'
import { servedIssuer } from './served-issuer.js'

/** What may be asked for, as at a login. */
export type IssueForm = Pick<LoginForm, 'scope' | 'audience' | 'device'>

/**
 * Begins a session for a user whose secret nobody was asked for, and answers its tokens: for whoever runs the server.
 * @throws NotFound when there is no such user.
 * @throws LatchkeyError `forbidden` for a disabled user; `parameter_invalid`, `busy`.
 */
export async function issueForUser(
  { store, changes }: Pick<OpenAccounts, 'store' | 'changes'>,
  config: ReadyConfig,
  uid: string,
  form: IssueForm,
): Promise<TokenAnswer> {
  const identity = await readIdentity(store, uid)
  const { tokens } = await openTokens(store, { ...config, issuer: await servedIssuer(store, config) })
  // A login like any other, but that the secret counts as proved.
  const proved: ClientType = {
    type: emailType,
    name: 'operator',
    isGuessable: false,
    normaliseAccount: (account) => account,
    attemptReasons: () => ({}),
    verify: async () => ({ identity, startedAtMs: performance.now() }),
  }
  const login = createLogin({
    ...{ store, changes, tokens, roles: config.roles, by: operator },
    clientTypes: { get: () => proved },
    equalTime: { wait: async () => {} },
    attempts: { run: (_, work) => work() },
  })
  // A pair always: nobody presented an API key.
  return (await login({ ...form, type: emailType, account: uid, secret: '' })) as TokenAnswer
}

async function readIdentity(store: Store, uid: string): Promise<Identity> {
  const row = await store.db
    .selectFrom('users')
    .select(['uid', 'role', 'epoch', 'disabled_at'])
    .where('uid', '=', Number(uid))
    .executeTakeFirst()
  if (row === undefined) throw new NotFound('there is no such user')
  if (row.disabled_at !== null) throw new LatchkeyError('forbidden', { detail: 'the user is disabled' })
  return row
}
