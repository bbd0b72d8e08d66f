import type { Explanation } from 'latchkey/token'
import type { ReadyConfig } from '../config.js'
import type { OpenAccounts } from '../create-latchkey/open-accounts.js'
import { silentLog } from '../log/log.js'
import { CommandError, type CommandIo } from './command-io.js'
import { readStdin } from './read-secret.js'
import { withAccounts } from './with-accounts.js'

export interface ExplainForm {
  /** Explains as a service that follows this server; default: by the store of the configuration. */
  readonly server?: string
  /** What the service trusts; default the server's URL, and here that of the configuration. */
  readonly issuer?: string
  /** What the service expects; default the issuer. */
  readonly audience?: string
  readonly json?: boolean
}

const readyWaitMs = 5_000
/** More than any token has, so that one that is too long is explained as well. */
const maxTokenBytes = 64 * 1024

/**
 * Prints each check of a token, and what to do.
 * @throws CommandError when it is refused, or the server cannot be followed.
 */
export async function explainToken(io: CommandIo, given: string, form: ExplainForm): Promise<void> {
  const token = given === '-' ? await readStdin(io, 'token', maxTokenBytes) : given
  const { server } = form
  const explanation =
    server === undefined
      ? await withAccounts(io, (parts, config) => explainHere(token, form, parts, config))
      : await explainAsService(token, { ...form, server })
  if (form.json) io.out(JSON.stringify(explanation))
  else print(io, explanation)
  if (!explanation.accepted) throw new CommandError(`${explanation.refused}: ${explanation.advice}`)
}

function print(io: CommandIo, { accepted, checks, advice }: Explanation): void {
  for (const { name, outcome, found, expected } of checks) {
    const what = [found === undefined ? '' : `found ${found}`, expected === undefined ? '' : `expected ${expected}`]
    io.out(`${outcome.padEnd(8)} ${name.padEnd(11)} ${what.filter((text) => text !== '').join('; ')}`.trimEnd())
  }
  if (accepted) io.out(advice)
}

async function explainAsService(token: string, form: ExplainForm & { readonly server: string }): Promise<Explanation> {
  const { server, issuer, audience } = form
  const { createAuth } = await import('latchkey')
  const auth = createAuth({
    // Nothing is let through by what it says.
    ...{ server, allowHttp: true },
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  })
  try {
    const late = new Promise((resolve) => setTimeout(resolve, readyWaitMs, 'late').unref())
    if ((await Promise.race([auth.ready(), late])) === 'late') {
      throw new CommandError(`${server} cannot be followed: ${auth.status().problem ?? 'it does not answer'}`)
    }
    return auth.explain(token)
  } finally {
    await auth.close()
  }
}

/** By the database, which also knows what became of the key and of the session. */
async function explainHere(
  token: string,
  form: ExplainForm,
  { store, revocations }: OpenAccounts,
  config: ReadyConfig,
): Promise<Explanation> {
  const { explain } = await import('latchkey/token')
  const { servedIssuer } = await import('../create-latchkey/served-issuer.js')
  const { followStore } = await import('../revocations/follow-store.js')
  const { peekToken } = await import('../sessions/peek-token.js')
  const { firstKnowing, keysByKind } = await import('../signing-keys/by-kind.js')
  const { openSigningKeys } = await import('../signing-keys/signing-keys.js')
  const { secret, algorithm, keyLeadSeconds } = config
  const keys = await openSigningKeys({ store, secret, algorithm, keyLeadSeconds })
  const follower = followStore({ store, revocations, log: silentLog })
  await follower.catchUp()
  await follower.close()
  const issuer = form.issuer ?? (await servedIssuer(store, config))
  const options = {
    issuer,
    audience: form.audience ?? issuer,
    revocations,
    clock: store.clock,
  }
  const explanation = firstKnowing(
    keysByKind(keys.verifyKeys()),
    (list) => explain(token, { ...options, keys: list }),
    ({ refused }) => refused === 'token_invalid',
  )

  const refusedBy = explanation.checks.find(({ outcome }) => outcome === 'refused')?.name
  const { header, claims } = peekToken(token)
  // With a key that was withdrawn a refresh helps, as the advice says already.
  if (refusedBy === 'key' && explanation.refused !== 'token_revoked') {
    const retired = keys.list().find(({ row }) => row.kid === header.kid)?.row.sign_until
    return retired
      ? advise(explanation, `Signed by key ${header.kid}, retired ${ago(store.now() - retired)}`)
      : explanation
  }
  if (refusedBy !== 'revocation') return explanation
  const session = await store.db
    .selectFrom('sessions')
    .select(['ended_at', 'end_reason'])
    .where('sid', '=', claims.sid as string)
    .executeTakeFirst()
  if (session?.ended_at == null) return explanation
  return advise(explanation, `Its session ended ${ago(store.now() - session.ended_at)} (${session.end_reason})`)
}

function advise(explanation: Explanation, what: string): Explanation {
  return { ...explanation, advice: `${what}: log in again` }
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
