import { LatchkeyError } from 'latchkey'
import { prepareQuery } from '../store/prepared-query.js'
import type { Store } from '../store/store.js'
import {
  type Attempt,
  type ClientType,
  emailType,
  type Registration,
  type SecretHashing,
  type Verification,
} from './client-type.js'
import { emailAttemptReasons, emailReasons, normaliseEmail } from './email-address.js'
import type { PasswordChoice } from './password-choice.js'
import { passwordAttemptReasons } from './password-rule.js'

/** Client type 100: an email address and a password. */
export function createEmailClientType(parts: {
  store: Store
  hashing: SecretHashing
  passwords: PasswordChoice
}): ClientType {
  const { store, hashing, passwords } = parts

  async function verify({ account, secret }: Attempt): Promise<Verification> {
    const row = await readIdentity(store, normaliseEmail(account))
    const usable = row !== undefined && row.disabled_at === null ? row : undefined
    const { right, outdated, startedAtMs } = await hashing.check(secret, usable?.secret_hash ?? undefined)
    if (usable === undefined || !right) return { identity: undefined, startedAtMs }
    if (outdated) await rehash(usable.id, usable.secret_hash as string, secret)
    return { identity: { uid: usable.uid, role: usable.role, epoch: usable.epoch }, startedAtMs }
  }

  async function rehash(id: number, verified: string, secret: string): Promise<void> {
    try {
      const { hash, form } = await hashing.hash(secret)
      // Only in the place of what was verified: a password changed meanwhile must not come back.
      await store.transaction((transaction) =>
        transaction
          .updateTable('identities')
          .set({ secret_hash: hash, secret_form: form })
          .where('id', '=', id)
          .where('secret_hash', '=', verified)
          .execute(),
      )
    } catch (error) {
      // Nothing to fail a login for: the next one tries again.
      if (!(error instanceof LatchkeyError && error.code === 'busy')) throw error
    }
  }

  return Object.freeze({
    type: emailType,
    name: 'email',
    isGuessable: true,
    normaliseAccount: normaliseEmail,
    attemptReasons: ({ account, secret }: Attempt) => ({
      account: emailAttemptReasons(account),
      secret: passwordAttemptReasons(secret),
    }),
    expectRoom: hashing.expectRoom,
    verify,
    registration: {
      reasons: async ({ account, secret, nickname }: Registration) => ({
        account: emailReasons(account),
        secret: await passwords.reasons(secret, { account, nickname }),
      }),
      storeSecret: (secret: string) => hashing.hash(secret),
    },
  })
}

interface IdentityRow {
  readonly id: number
  readonly secret_hash: string | null
  readonly uid: number
  readonly role: string
  readonly epoch: number
  readonly disabled_at: number | null
}

const selectIdentity = prepareQuery<{ readonly account: string }, IdentityRow>((db, value) =>
  db
    .selectFrom('identities')
    .innerJoin('users', 'users.uid', 'identities.uid')
    .select(['identities.id', 'identities.secret_hash', 'users.uid', 'users.role', 'users.epoch', 'users.disabled_at'])
    .where('identities.client_type', '=', emailType)
    .where('identities.account', '=', value('account')),
)

async function readIdentity(store: Store, account: string): Promise<IdentityRow | undefined> {
  const { rows } = await selectIdentity(store.db, { account })
  return rows[0]
}
