import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { LatchkeyError, type Roles } from 'latchkey'
import { nobody, type Origin, userActor } from '../audit/actor.js'
import { writeAuditEvent } from '../audit/write-audit-event.js'
import { prepareQuery } from '../store/prepared-query.js'
import type { SessionRow } from '../store/schema.js'
import { settle } from '../store/settle.js'
import type { Store } from '../store/store.js'
import { isHash } from './credential-text.js'
import type { AccessTokenIssuer } from './issue-access-token.js'
import { parseRefreshToken, type RefreshToken } from './refresh-token.js'
import { sealAnswer, unsealAnswer } from './sealed-answer.js'
import type { SessionChanges } from './session-changes.js'
import { makePair } from './token-pair.js'
import { scopeReasons } from './token-request.js'

/** The last answer is repeated for this long to who presents the same token again. */
const repeatSeconds = 30
/** Repeats to somebody who looks unlike who got the answer, one after the other, that end the session. */
const strangeRepeatLimit = 2
const tries = 5

export interface RefreshForm {
  readonly refresh_token: string
  /** Cuts the scopes of this pair alone; never widens them. */
  readonly scope?: string | undefined
}

/** From where a request came, and what it says of its program. */
export interface Caller extends Origin {
  readonly userAgent?: string | undefined
}

export interface RefreshParts {
  readonly store: Store
  readonly changes: SessionChanges
  readonly roles: Roles
  readonly tokens: AccessTokenIssuer
}

/** Answers the JSON text of the next pair: a repeated answer has the same bytes. */
export type Refresh = (form: RefreshForm, caller: Caller) => Promise<string>

/**
 * Makes the refresh: exchanges a refresh token for the next pair, once. Whoever presents the last one again within 30 seconds
 * gets the same answer, since it may have been lost or two may have raced; any other token of the session is taken for a
 * stolen one, and ends the session.
 *
 * Throws LatchkeyError: `refresh_invalid` for a token that is unknown, used, expired, or whose session is over; `busy` when
 * five others were quicker; `parameter_invalid` for the scope.
 */
export function createRefresh(parts: RefreshParts): Refresh {
  const { store } = parts
  return async function refresh(form, caller) {
    const scope = scopeReasons(form.scope)
    if (scope.length > 0) throw new LatchkeyError('parameter_invalid', { msg: { scope } })
    const presented = parseRefreshToken(form.refresh_token)
    if (presented === undefined) throw invalid()
    for (let i = 0; i < tries; i++) {
      const session = await readSession(store, presented)
      if (session === undefined) throw invalid()
      const answer = await take(parts, session, presented, form, caller)
      if (answer !== undefined) return answer
    }
    throw new LatchkeyError('busy', { detail: 'the session is changing all the time' })
  }
}

type Session = NonNullable<Awaited<ReturnType<typeof readSession>>>

const selectSession = prepareQuery<{ readonly sid: string }, SessionRow & { readonly role: string }>((db, value) =>
  db
    .selectFrom('sessions')
    .innerJoin('users', 'users.uid', 'sessions.uid')
    .selectAll('sessions')
    .select('users.role')
    .where('sessions.sid', '=', value('sid')),
)

/** The session and its user in one snapshot; undefined unless the token was issued by it and it is live. */
async function readSession(store: Store, { sid, hasTagOf }: RefreshToken) {
  const [session] = (await selectSession(store.db, { sid })).rows
  // The tag first: without it whoever knows a sid could end the session.
  if (session?.tag_key == null || !hasTagOf(session.tag_key)) return undefined
  if (session.ended_at !== null) {
    // Nobody may hear that the session is over, and find it live again after a crash.
    await settle(store)
    return undefined
  }
  const now = store.now()
  return now < session.idle_until && now < session.absolute_until ? { ...session, tag_key: session.tag_key } : undefined
}

/** The answer; undefined when somebody else changed the session first. */
async function take(
  parts: RefreshParts,
  session: Session,
  presented: RefreshToken,
  form: RefreshForm,
  caller: Caller,
): Promise<string | undefined> {
  const { store } = parts
  if (presented.gen === session.gen && isHash(presented.hash, session.cur_hash))
    return rotate(parts, session, form, caller)
  const inTime = session.answer !== null && session.answer_until !== null && store.now() < session.answer_until
  if (presented.gen === session.gen - 1 && isHash(presented.hash, session.prev_hash) && inTime) {
    return repeat(parts, session, form.refresh_token, caller)
  }
  await endForTheft(parts, session, caller, 'a refresh token was presented that had been used before')
  throw invalid()
}

async function rotate(
  { store, roles, tokens }: RefreshParts,
  session: Session,
  form: RefreshForm,
  caller: Caller,
): Promise<string | undefined> {
  const now = store.now()
  const { sid, rev, uid, role } = session
  const next = {
    ...{ sid, gen: session.gen + 1, tagKey: session.tag_key, uid, role, clientType: session.client_type },
    ...{ scopeLimit: session.scope_limit, audienceLimit: session.audience_limit },
    ...{ beganAt: session.created_at, absoluteUntil: session.absolute_until },
  }
  const { answer, refresh, accessExp, idleUntil } = makePair({ roles, tokens }, next, now, form.scope)
  const text = JSON.stringify(answer)
  // The condition is `rev`, which every write raises: a role that changed since the read is not signed.
  const change = scopesChange(session, form)
  const written = await store.transaction(async (transaction) => {
    const { numAffectedRows } = await updateSession(transaction, {
      ...{ sid, rev, hash: refresh.hash, answer: sealAnswer(form.refresh_token, sid, text) },
      ...{ answerUntil: now + repeatSeconds, idleUntil, now, accessExp },
      ...{ addressPrefix: caller.addressPrefix ?? null, agentHash: hashAgent(caller) },
    })
    if (numAffectedRows !== 1n) return false
    if (change !== undefined) {
      const event = { at: now, event: 'refresh_scopes', outcome: 'done', by: userActor(uid, caller) } as const
      await writeAuditEvent(transaction, { ...event, uid, sid, detail: change })
    }
    return true
  })
  return written ? text : undefined
}

/** Why this pair may carry other scopes than the one before; undefined when it does not. Other refreshes are no event. */
function scopesChange(session: Session, form: RefreshForm): string | undefined {
  if (session.min_gen > session.gen) return 'the role has changed'
  return form.scope === undefined ? undefined : 'cut as the refresh asked'
}

interface NextGeneration {
  readonly sid: string
  readonly rev: number
  readonly hash: Buffer
  readonly answer: Buffer
  readonly answerUntil: number
  readonly idleUntil: number
  readonly now: number
  readonly accessExp: number
  readonly addressPrefix: string | null
  readonly agentHash: Buffer | null
}

const updateSession = prepareQuery<NextGeneration, never>((db, value) =>
  db
    .updateTable('sessions')
    .set({
      ...{ gen: sql<number>`gen + 1`, rev: sql<number>`rev + 1`, prev_hash: sql<Buffer>`cur_hash` },
      ...{ cur_hash: value('hash'), answer: value('answer') },
      ...{ answer_until: value('answerUntil'), idle_until: value('idleUntil'), last_refresh_at: value('now') },
      access_exp: sql<number>`case when access_exp > ${value('accessExp')} then access_exp else ${value('accessExp')} end`,
      ...{ address_prefix: value('addressPrefix'), agent_hash: value('agentHash'), strange_repeats: 0 },
    })
    .where('sid', '=', value('sid'))
    .where('rev', '=', value('rev'))
    .where('ended_at', 'is', null),
)

/** The stored answer. To somebody who looks unlike who got it, it is given once, and written down. */
async function repeat(
  parts: RefreshParts,
  session: Session,
  presented: string,
  caller: Caller,
): Promise<string | undefined> {
  const { store } = parts
  const { sid, uid, rev } = session
  const text = session.answer === null ? undefined : unsealAnswer(presented, sid, session.answer)
  if (text === undefined) throw new LatchkeyError('server_error', { cause: new Error('A stored answer does not open') })
  const before = session.strange_repeats ?? 0
  const strange = isStranger(session, caller)
  if (!strange && before === 0) {
    await settle(store)
    return text
  }
  if (strange && before + 1 >= strangeRepeatLimit) {
    await endForTheft(parts, session, caller, 'an answer was repeated twice to another address or program')
    throw invalid()
  }
  const written = await store.transaction(async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('sessions')
      .set({ strange_repeats: strange ? before + 1 : 0, rev: sql<number>`rev + 1` })
      .where('sid', '=', sid)
      .where('rev', '=', rev)
      .where('ended_at', 'is', null)
      .executeTakeFirstOrThrow()
    if (numUpdatedRows === 1n && strange) {
      await writeAuditEvent(transaction, {
        ...{ at: store.now(), event: 'refresh_repeated', outcome: 'done', by: nobody(caller), uid, sid },
        detail: 'to another address or program than it was given to',
      })
    }
    return numUpdatedRows === 1n
  })
  return written ? text : undefined
}

async function endForTheft(
  { changes, store }: RefreshParts,
  { sid, uid }: Session,
  caller: Caller,
  detail: string,
): Promise<void> {
  await changes.transaction((_, change) =>
    change({ event: 'theft', uid, now: store.now(), sids: [sid], by: nobody(caller), detail }),
  )
}

function isStranger(session: Session, caller: Caller): boolean {
  const agent = hashAgent(caller)
  const sameAgent = session.agent_hash === null ? agent === null : agent !== null && session.agent_hash.equals(agent)
  return !sameAgent || session.address_prefix !== (caller.addressPrefix ?? null)
}

function hashAgent({ userAgent }: Caller): Buffer | null {
  return userAgent === undefined ? null : createHash('sha256').update(userAgent).digest()
}

function invalid(): LatchkeyError {
  return new LatchkeyError('refresh_invalid')
}
