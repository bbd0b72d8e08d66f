import { LatchkeyError, type Roles } from 'latchkey'
import { userActor } from '../audit/actor.js'
import type { Refusals } from '../audit/refusals.js'
import { emailType, type SecretHashing } from '../client-types/client-type.js'
import type { Chooser, PasswordChoice } from '../client-types/password-choice.js'
import { passwordAttemptReasons } from '../client-types/password-rule.js'
import { refuseFaults } from '../client-types/refuse-faults.js'
import type { Attempts } from '../limits/attempts.js'
import type { AccessTokenIssuer } from '../sessions/issue-access-token.js'
import type { Caller } from '../sessions/refresh.js'
import { replacePair } from '../sessions/replace-pair.js'
import type { SessionChanges } from '../sessions/session-changes.js'
import type { TokenAnswer } from '../sessions/token-pair.js'
import type { Store } from '../store/store.js'

export interface SecretForm {
  readonly old_secret: string
  readonly new_secret: string
  /** Ends the user's API keys as well; default false. */
  readonly end_api_keys?: boolean | undefined
}

export interface ChangeSecretParts {
  readonly store: Store
  readonly changes: SessionChanges
  readonly hashing: SecretHashing
  readonly passwords: PasswordChoice
  readonly roles: Roles
  readonly tokens: AccessTokenIssuer
  readonly attempts: Attempts
  readonly equalTime: { wait(startedAtMs: number): Promise<void> }
  /** Told of each `auth_failed`; default nobody. */
  readonly refusals?: Refusals
}

/** The user and the session that ask. */
export interface Asking {
  readonly uid: string
  readonly sid: string
}

export type ChangeSecret = (asking: Asking, form: SecretForm, caller: Caller) => Promise<TokenAnswer>

/**
 * Makes the change of a password by its user: needs the old one, ends all other sessions, and answers a new pair for the one
 * that asks, whose tokens before are refused.
 *
 * Throws LatchkeyError: `parameter_invalid`, `auth_failed` for a wrong old secret and for a user without one,
 * `too_many_requests`, `busy`.
 */
export function createChangeSecret(parts: ChangeSecretParts): ChangeSecret {
  const { store, changes, hashing, passwords, attempts, equalTime } = parts
  return async function changeSecret(asking, form, caller) {
    const chooser = await readChooser(store, Number(asking.uid))
    refuseFaults({
      old_secret: passwordAttemptReasons(form.old_secret),
      new_secret: await newSecretReasons(form, chooser),
    })
    const { addressPrefix } = caller
    return attempts.run({ addressPrefix, account: { uid: Number(asking.uid) } }, () => change(asking, form, caller))
  }

  async function newSecretReasons({ old_secret, new_secret }: SecretForm, chooser: Chooser): Promise<string[]> {
    return new_secret === old_secret ? ['must differ from the old one'] : passwords.reasons(new_secret, chooser)
  }

  async function change({ uid, sid }: Asking, form: SecretForm, caller: Caller): Promise<TokenAnswer> {
    const number = Number(uid)
    const identity = await readIdentity(store, number)
    const { right, startedAtMs } = await hashing.check(form.old_secret, identity?.secret_hash ?? undefined)
    try {
      if (identity === undefined || !right) throw new LatchkeyError('auth_failed')
      const { hash, form: secret_form } = await hashing.hash(form.new_secret)
      return await changes.transaction(async (transaction, write) => {
        const now = store.now()
        const event = form.end_api_keys ? 'secret_and_keys' : 'secret'
        await write({ event, uid: number, now, except: sid, by: userActor(number, caller) })
        const { numUpdatedRows } = await transaction
          .updateTable('identities')
          .set({ secret_hash: hash, secret_form })
          .where('id', '=', identity.id)
          .where('secret_hash', '=', identity.secret_hash)
          .executeTakeFirstOrThrow()
        // Somebody else has changed it since it was verified.
        if (numUpdatedRows !== 1n) throw new LatchkeyError('auth_failed')
        await write({ event: 'new_pair', uid: number, now, sids: [sid] })
        return replacePair(transaction, parts, { uid: number, sid, now })
      })
    } catch (error) {
      if (error instanceof LatchkeyError && error.code === 'auth_failed') {
        parts.refusals?.write({ event: 'secret_refused', by: userActor(number, caller), uid: number })
        await equalTime.wait(startedAtMs)
      }
      throw error
    }
  }
}

function readIdentity(store: Store, uid: number) {
  return store.db
    .selectFrom('identities')
    .select(['id', 'secret_hash'])
    .where('uid', '=', uid)
    .where('client_type', '=', emailType)
    .executeTakeFirst()
}

async function readChooser(store: Store, uid: number): Promise<Chooser> {
  const found = await store.db
    .selectFrom('users')
    .innerJoin('identities', 'identities.uid', 'users.uid')
    .select(['identities.account', 'users.nickname'])
    .where('users.uid', '=', uid)
    .where('identities.client_type', '=', emailType)
    .executeTakeFirst()
  // Whoever has no password has none to change, which is told later.
  return found ?? { account: '', nickname: '' }
}
