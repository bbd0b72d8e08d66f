import type { ExplainedCheck, ExplainOptions, Explanation, Jwk, Revocation, RevocationList } from 'latchkey/token'
import type { ReadyConfig } from '../config.js'
import type { OpenAccounts } from '../create-latchkey/open-accounts.js'
import { CommandError, type CommandIo } from './command-io.js'
import { readStdin } from './read-secret.js'
import { withAccounts } from './with-accounts.js'

export interface ExplainForm {
  /** Asks this server, as a service does; default: the store of the configuration. */
  readonly server?: string
  /** What the service expects; default the issuer. */
  readonly audience?: string
  readonly json?: boolean
}

/** What a token is explained with, and what else is known of it. */
interface Known {
  readonly options: ExplainOptions
  /** Better than what the token itself tells, where this check refuses it. */
  readonly advice: Partial<Record<ExplainedCheck['name'], string>>
}

const waitMs = 5_000
/** More than any token has, so that one that is too long is explained as well. */
const maxTokenBytes = 64 * 1024

/**
 * Prints each check of a token, and what to do.
 * @throws CommandError when it is refused, or the server cannot be asked.
 */
export async function explainToken(io: CommandIo, given: string, form: ExplainForm): Promise<void> {
  const token = given === '-' ? await readStdin(io, 'token', maxTokenBytes) : given
  const { explain, createRevocationList } = await import('latchkey/token')
  const { options, advice } = form.server
    ? await readServer(form.server, form.audience, createRevocationList())
    : await withAccounts(io, (parts, config) => readStore(parts, config, token, form.audience, createRevocationList()))
  const explanation = explain(token, options)
  const refusedBy = explanation.checks.find(({ outcome }) => outcome === 'refused')?.name
  const told = { ...explanation, advice: (refusedBy && advice[refusedBy]) ?? explanation.advice }
  if (form.json) io.out(JSON.stringify(told))
  else print(io, told)
  if (!told.accepted) throw new CommandError(`${told.refused}: ${told.advice}`)
}

function print(io: CommandIo, { accepted, checks, advice }: Explanation): void {
  for (const { name, outcome, found, expected } of checks) {
    const what = [found === undefined ? '' : `found ${found}`, expected === undefined ? '' : `expected ${expected}`]
    io.out(`${outcome.padEnd(8)} ${name.padEnd(11)} ${what.filter((text) => text !== '').join('; ')}`.trimEnd())
  }
  if (accepted) io.out(advice)
}

async function readStore(
  { store }: OpenAccounts,
  config: ReadyConfig,
  token: string,
  audience: string | undefined,
  revocations: RevocationList,
): Promise<Known> {
  const { openSigningKeys } = await import('../signing-keys/signing-keys.js')
  const { readServedIssuer } = await import('../create-latchkey/served-issuer.js')
  const keys = await openSigningKeys({ store, secret: config.secret, algorithm: config.algorithm })
  const issuer = config.issuerGiven ? config.issuer : ((await readServedIssuer(store)) ?? config.issuer)
  for (let after = '', more = true; more; ) {
    const read = await store.readFeed(after, 10_000)
    revocations.apply(read.rows.map(({ expires_at: expiresAt, ...row }) => ({ ...row, expiresAt })))
    after = read.last
    more = read.more
  }
  const { kid, sid } = readNames(token)
  const retired = keys
    .list()
    .find(({ row }) => row.kid === kid && row.verify_until !== null && row.verify_until <= store.now())
  const session = await store.db
    .selectFrom('sessions')
    .select(['ended_at', 'end_reason'])
    .where('sid', '=', sid)
    .executeTakeFirst()
  const since = (moment: number | null) => ago(store.now() - (moment ?? 0))
  return {
    options: { keys: keys.verifyKeys(), issuer, audience: audience ?? issuer, revocations, clock: store.clock },
    advice: {
      ...(retired && { key: `Signed by key ${kid}, retired ${since(retired.row.sign_until)}: log in again` }),
      ...(session?.ended_at != null && {
        revocation: `Its session ended ${since(session.ended_at)} (${session.end_reason}): log in again`,
      }),
    },
  }
}

function ago(seconds: number): string {
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const
  const [unit, size] = units.find(([, length]) => seconds >= 2 * length) ?? (['second', 1] as const)
  return new Intl.RelativeTimeFormat('en').format(-Math.floor(seconds / size), unit)
}

/** The names that the token gives, before anything of it is verified: only to look them up. */
function readNames(token: string): { kid: string; sid: string } {
  const read = (part: string | undefined): Record<string, unknown> => {
    try {
      return Object(JSON.parse(Buffer.from(part ?? '', 'base64url').toString()))
    } catch {
      // It is no token, which the checks say.
      return {}
    }
  }
  const [header, payload] = token.split('.')
  return { kid: String(read(header).kid ?? ''), sid: String(read(payload).sid ?? '') }
}

async function readServer(given: string, audience: string | undefined, revocations: RevocationList): Promise<Known> {
  const server = given.replace(/\/+$/, '')
  const { issuer, jwks_uri } = await get(`${server}/.well-known/oauth-authorization-server`)
  if (jwks_uri === undefined) throw new CommandError(`${server} signs with a shared secret: explain the token there`)
  const { keys } = await get(`${server}/.well-known/jwks.json`)
  const advice: Known['advice'] = {}
  for (let after = '', more = true; more; ) {
    const page = await get(`${server}/v1/revocations?after=${encodeURIComponent(after)}`)
    const rows = page.rows as readonly [Revocation['kind'], string, number, number][]
    revocations.apply(rows.map(([kind, id, min, expiresAt]) => ({ kind, id, min, expiresAt })))
    const aheadMinutes = Math.round((Date.now() - Number(page.now)) / 60_000)
    if (Math.abs(aheadMinutes) >= 1) {
      const where = aheadMinutes > 0 ? 'ahead of' : 'behind'
      const clock = `Your clock is ${Math.abs(aheadMinutes)} minutes ${where} the server's: set it right`
      Object.assign(advice, { 'issued at': clock, 'not before': clock, expiry: clock })
    }
    if (page.next === after) break
    after = String(page.next)
    more = page.more === true
  }
  const name = String(issuer)
  return { options: { keys: keys as Jwk[], issuer: name, audience: audience ?? name, revocations }, advice }
}

async function get(url: string): Promise<Record<string, unknown>> {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(waitMs) })
    if (response.status === 200) return (await response.json()) as Record<string, unknown>
    throw new Error(`it answers ${response.status}`)
  } catch (error) {
    const { message, cause } = error as Error
    throw new CommandError(`${url} cannot be asked: ${cause instanceof Error ? cause.message : message}`)
  }
}
