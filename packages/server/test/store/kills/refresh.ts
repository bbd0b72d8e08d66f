/** Refreshes: the next pair, the same answer again, and two at once. */
import { type Answered, untilAnswered } from './calls.js'
import { ask, type Client } from './client.js'
import { claimsOf, type Session } from './session.js'

/** An answer is repeated for 30 seconds, counted in whole ones. Whoever asks again without need stops well before. */
const repeatedForMs = 29_000
const repeatWithinMs = 15_000
const repeatGivesUpMs = 25_000

export const requestOf = (refresh_token: string) => () => ({
  method: 'POST',
  path: '/v1/token/refresh',
  body: { refresh_token },
})

/** The next pair. A session that somebody may have ended may refuse, once and for all. */
export async function refresh(client: Client, session: Session): Promise<void> {
  const { refreshToken: presented, generation } = session
  const name = `refresh ${generation}`
  const answer = await ask(client, requestOf(presented), { name, session, isSlow: true })
  judgeRefresh(client, session, presented, generation, answer)
}

/** Two servers at once: two tabs of a browser. */
export async function refreshTwice(client: Client, session: Session): Promise<void> {
  const { choices, calls, journal } = client
  const { refreshToken: presented, generation } = session
  const server = choices.between(0, calls.count - 1)
  const answers = await Promise.all(
    [server, (server + 1) % calls.count].map((at) =>
      ask(client, requestOf(presented), { name: `refresh ${generation}, one of two`, session, server: at }),
    ),
  )
  journal.figures.races++
  for (const answer of answers) judgeRefresh(client, session, presented, generation, answer)
}

/** The last token again: its answer had arrived, and must be the same. */
export async function repeat(client: Client, session: Session): Promise<void> {
  const { calls, choices, journal } = client
  const { last, generation } = session
  if (last === undefined || performance.now() - last.sentAtMs > repeatWithinMs) return
  const patience = { name: `refresh ${generation - 1} again`, session, givesUpAtMs: last.sentAtMs + repeatGivesUpMs }
  const answer = await untilAnswered(calls, choices, journal, requestOf(last.presented), patience)
  if (answer === undefined) return
  journal.figures.repeats++
  judgeRefresh(client, session, last.presented, generation - 1, answer)
}

/** A session that is not known to be over is refreshed, and by an answer that nobody else got. */
export function judgeRefresh(
  { journal }: Client,
  session: Session,
  presented: string,
  generation: number,
  { status, json, text, sentAtMs, firstSentAtMs, wasUnknown }: Answered,
): void {
  const { figures } = journal
  if (status !== 201) {
    const lateMs = sentAtMs - firstSentAtMs
    const isTooLate = wasUnknown && lateMs > repeatedForMs
    if (json.code !== 'refresh_invalid' || (session.state === 'live' && !isTooLate)) {
      const when = `${lateMs.toFixed(0)} ms after it was first sent`
      journal.violate(`refresh ${generation} got ${status} ${json.code}, ${when}`, session)
    } else if (session.state === 'live') figures.tooLate++
    return void session.end()
  }
  const isNew = session.generation === generation
  const wrong = session.take(text, generation)
  if (wrong) return void journal.violate(wrong, session)
  if (session.state === 'ended') return void journal.violate(`${generation} was refreshed after the end`, session)
  const { sentAtMs: knownMs } = session.last?.presented === presented ? session.last : { sentAtMs: firstSentAtMs }
  session.last = { presented, sentAtMs: Math.min(knownMs, firstSentAtMs) }
  if (isNew) figures.refreshes++
  if (!wasUnknown) return
  figures.retried++
  figures.longestRetryMs = Math.max(figures.longestRetryMs, performance.now() - firstSentAtMs)
  if (claimsOf(json.token).iat < Math.floor((performance.timeOrigin + sentAtMs) / 1000)) figures.recovered++
}
