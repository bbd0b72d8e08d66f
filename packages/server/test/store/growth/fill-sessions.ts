import { formOf, hashArgon2id, recommendedCost } from '../../../src/accounts/argon2id.js'
import { makeRefreshToken, makeTagKey } from '../../../src/sessions/refresh-token.js'
import type { Filling, GrowthDatabase } from './growth-database.js'
import type { Random } from './random.js'

/** Of every user. */
export const secret = 'a long passphrase'
export const sessionsPerUser = 10
export const accountOf = (uid: number) => `user${uid}@example.org`

/** A live session somewhere in the table whose refresh token is known. */
export interface KnownSession {
  readonly sid: string
  readonly uid: number
  readonly gen: number
  readonly createdAt: number
  readonly absoluteUntil: number
  readonly refreshToken: string
}

const daySeconds = 24 * 3600
/** Shorter than the 30 days after which a session is over that was never refreshed. */
const spreadSeconds = 29 * daySeconds
/** Users follow one another at this distance, so that sessions begun together are of users far apart. */
const stride = 7919
/** Of the stored answer to the last refresh. */
const answerBytes = 832
const batchRows = 200_000

export interface FillOptions {
  readonly sessions: number
  /** Of that many live sessions, drawn from all, the refresh token is known. */
  readonly known: number
  readonly seed: number
}

/**
 * Fills an empty database: ten sessions a user, begun in the past days, the first ones of all users before the second ones of
 * any. One of each user has ended, five were refreshed half way between their login and now. Nothing but its token is special
 * about a known session: it lies where its turn was.
 */
export async function fillSessions(
  database: GrowthDatabase,
  { sessions, known, seed }: FillOptions,
  random: Random,
): Promise<readonly KnownSession[]> {
  const users = sessions / sessionsPerUser
  const now = Math.floor(Date.now() / 1000)
  const filling = await database.openFilling()
  try {
    await addUsers(filling, users, now)
    const add = async (from: number, to: number) => {
      for (let first = from; first <= to; first += batchRows) {
        const last = Math.min(to, first + batchRows - 1)
        const statement = sessionsStatement(filling, { first, last, sessions, users, now, seed })
        await filling.addSessions(statement, last - first + 1)
      }
    }
    const drawn: KnownSession[] = []
    let next = 0
    for (const number of drawLive(sessions, users, known, random)) {
      await add(next, number - 1)
      await add(number, number)
      drawn.push(await takeLast(filling))
      next = number + 1
    }
    await add(next, sessions - 1)
    return random.shuffle(drawn)
  } finally {
    await filling.close()
  }
}

async function addUsers({ spelling, run }: Filling, count: number, now: number): Promise<void> {
  const hash = await hashArgon2id(Buffer.from(secret), recommendedCost)
  const createdAt = now - 40 * daySeconds
  await run(`
    insert into ${spelling.table('users')} (nickname, role, created_at)
    select 'user ' || number, 'user', ${createdAt} from ${spelling.series(1, count)} as series`)
  await run(`
    insert into ${spelling.table('identities')} (uid, client_type, account, secret_hash, secret_form, created_at)
    select number, 100, 'user' || number || '@example.org', '${hash}', '${formOf(recommendedCost)}', ${createdAt}
    from ${spelling.series(1, count)} as series`)
}

interface Batch {
  readonly first: number
  readonly last: number
  readonly sessions: number
  readonly users: number
  readonly now: number
  readonly seed: number
}

function sessionsStatement({ spelling }: Filling, { first, last, sessions, users, now, seed }: Batch): string {
  const row = (name: string) => `'${seed} ${name} ' || number`
  const bytes = (name: string, count: number) => spelling.bytes(count, row(name))
  return `
    insert into ${spelling.table('sessions')} (sid, uid, kind, client_type, gen, min_gen, rev, tag_key, cur_hash,
      prev_hash, answer, answer_until, created_at, idle_until, absolute_until, access_exp, ended_at, end_reason, device,
      address_prefix, last_refresh_at, agent_hash, strange_repeats)
    select ${spelling.sid(row('sid'))}, uid, 'login', 100, gen, case when ended then gen + 1 else 0 end,
      case when ended then gen + 1 else gen end, ${bytes('tag', 32)}, ${bytes('current', 32)},
      case when refreshed then ${bytes('previous', 32)} end, case when refreshed then ${bytes('answer', answerBytes)} end,
      refreshed_at + 30, created_at, coalesce(refreshed_at, created_at) + ${30 * daySeconds},
      created_at + ${90 * daySeconds}, coalesce(refreshed_at, created_at) + 7200,
      case when ended then created_at + 3600 end, case when ended then 'logout' end, 'Firefox on Linux',
      '10.' || (uid / 256 % 256) || '.' || (uid % 256) || '.0/24', refreshed_at,
      case when refreshed then ${bytes('agent', 32)} end, case when refreshed then 0 end
    from (
      select *, case when refreshed then (created_at + ${now}) / 2 end as refreshed_at,
        case when refreshed then 1 + number % 20 else 0 end as gen
      from (
        select *, turn = uid % ${sessionsPerUser} as ended, (turn + uid) % 2 = 1 as refreshed
        from (
          select number, number % ${users} * ${stride} % ${users} + 1 as uid, number / ${users} as turn,
            ${now - spreadSeconds} + number * ${spreadSeconds} / ${sessions} as created_at
          from ${spelling.series(first, last)} as series
        ) as numbered
      ) as judged
    ) as dated`
}

/** The session that was added last, which from now on has a refresh token that is known. */
async function takeLast({ spelling, rows, run }: Filling): Promise<KnownSession> {
  const [table, events] = [spelling.table('sessions'), spelling.table('audit_events')]
  const [found] = await rows<Row>(`
    select sid, uid, gen, created_at, absolute_until from ${table}
    where sid = (select sid from ${events} order by id desc limit 1)`)
  const { sid, uid, gen, created_at, absolute_until } = found as Row
  const tagKey = makeTagKey()
  const { token, hash } = makeRefreshToken({ sid, gen: Number(gen), tagKey })
  await run(`
    update ${table} set tag_key = ${spelling.literal(tagKey)}, cur_hash = ${spelling.literal(hash)} where sid = '${sid}'`)
  const [createdAt, absoluteUntil] = [Number(created_at), Number(absolute_until)]
  return { sid, uid: Number(uid), gen: Number(gen), createdAt, absoluteUntil, refreshToken: token }
}

/** Whole numbers as the driver reads them. */
interface Row {
  readonly sid: string
  readonly uid: number | string
  readonly gen: number | string
  readonly created_at: number | string
  readonly absolute_until: number | string
}

/** Whether it is live, by the rule of the statement above. */
function isLive(number: number, users: number): boolean {
  const uid = (((number % users) * stride) % users) + 1
  return Math.floor(number / users) !== uid % sessionsPerUser
}

/** The numbers of that many live sessions, in order. */
function drawLive(sessions: number, users: number, count: number, random: Random): number[] {
  const live = sessions - users
  if (count > live) throw new Error(`Of ${sessions} sessions ${live} are live: too few for ${count} that are known`)
  const drawn = new Set<number>()
  while (drawn.size < count) {
    const number = random.below(sessions)
    if (isLive(number, users)) drawn.add(number)
  }
  return [...drawn].sort((a, b) => a - b)
}
