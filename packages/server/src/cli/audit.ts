import type { Command } from 'commander'
import type { AuditKeys } from '../audit/audit-keys.js'
import type { AuditEntry, AuditFilter } from '../audit/list-events.js'
import { emailType } from '../client-types/client-type.js'
import type { OpenAccounts } from '../create-latchkey/open-accounts.js'
import { CommandError, type CommandIo, UsageError } from './command-io.js'
import { example } from './example.js'
import { withAccounts } from './with-accounts.js'

interface VerifyOptions {
  readonly head?: string
  readonly json?: boolean
}

interface ListOptions {
  readonly user?: string
  readonly event?: string
  readonly outcome?: string
  readonly since?: string
  readonly until?: string
  readonly limit?: string
  readonly after?: string
  readonly json?: boolean
}

/** `latchkey audit verify|list` */
export function addAuditCommands(program: Command, io: CommandIo): void {
  const audit = program.command('audit').description('Read the audit log, and prove that nobody changed it')

  audit
    .command('verify')
    .description('Walk the chain of seals, say the first thing that is wrong, and print the head of the chain')
    .option('--head <head>', 'a head that was printed before, and kept elsewhere: the chain must still hold it')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey audit verify'))
    .action((options: VerifyOptions) => verify(io, options))

  audit
    .command('list')
    .description('Print events in the order of their seals, then those that have none yet')
    .option(
      '--user <user>',
      'an account or a uid: whom it concerns, who did it, or whose account a refused login named',
    )
    .option('--event <name>', 'only these')
    .option('--outcome <outcome>', 'done or refused')
    .option('--since <moment>', 'ISO 8601, as 2027-01-31 or 2027-01-31T12:00:00Z')
    .option('--until <moment>', 'the same')
    .option('--limit <number>', 'as many at most')
    .option('--after <cursor>', 'begin after this sealed event: SEAL.ID, of the last one that was printed')
    .option('--json', 'print one JSON object a line, for export')
    .addHelpText('after', example('latchkey audit list --since 2027-01-31 --outcome refused --json'))
    .action((options: ListOptions) => list(io, options))
}

async function verify(io: CommandIo, { head, json }: VerifyOptions): Promise<void> {
  const kept = head === undefined ? undefined : readHead(head)
  await withAudit(io, async ({ store }, { macs }) => {
    const { verifyChain } = await import('../audit/verify-chain.js')
    const { fault, row, head: last, ...counts } = await verifyChain(store, macs, kept)
    const text = `${last.number}:${last.mac}`
    if (json) io.out(JSON.stringify({ holds: fault === undefined, fault, row, ...counts, head: text }))
    else {
      io.out(
        `${counts.rows} rows under ${counts.seals} seals are as they were sealed; ${counts.unsealed} rows have no seal yet.`,
      )
      io.out(`Head: ${text}`)
    }
    if (fault !== undefined) throw new CommandError(fault)
  })
}

function readHead(text: string): { readonly number: number; readonly mac: string } {
  const [, number, mac] = /^([0-9]{1,15}):([A-Za-z0-9_-]{43})$/.exec(text) ?? []
  if (number === undefined || mac === undefined)
    throw new UsageError('--head must be what "latchkey audit verify" printed')
  return { number: Number(number), mac }
}

const pageRows = 500

async function list(io: CommandIo, options: ListOptions): Promise<void> {
  const { cursorSyntax, listEvents } = await import('../audit/list-events.js')
  const { event, outcome, limit, json } = options
  if (options.after !== undefined && !cursorSyntax.test(options.after)) throw new UsageError('--after must be SEAL.ID')
  if (limit !== undefined && !/^[1-9][0-9]{0,9}$/.test(limit))
    throw new UsageError('--limit must be a whole number from 1')
  if (outcome !== undefined && !['done', 'refused'].includes(outcome)) {
    throw new UsageError('--outcome must be done or refused')
  }
  const [since, until] = await Promise.all([momentOf('--since', options.since), momentOf('--until', options.until)])
  await withAudit(io, async (parts, keys) => {
    const user = options.user === undefined ? undefined : await userOf(parts, keys, options.user)
    let left = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit)
    for (let after = options.after; left > 0; ) {
      const asked = { user, event, outcome, since, until, after, limit: Math.min(left, pageRows) }
      const page = await listEvents(parts.store, asked)
      const shown = page.events.slice(0, left)
      for (const entry of shown) io.out(json ? escaped(JSON.stringify(entry)) : lineOf(entry))
      left -= shown.length
      if (!page.more) return
      after = page.next ?? undefined
    }
  })
}

async function momentOf(name: string, text: string | undefined): Promise<number | undefined> {
  const { readMoment } = await import('../audit/read-moment.js')
  const moment = readMoment(text)
  if (text !== undefined && moment === undefined) {
    throw new UsageError(`${name} must be a moment in ISO 8601, as 2027-01-31 or 2027-01-31T12:00:00Z`)
  }
  return moment
}

/** Also a user that was deleted, by its uid, and an account that nobody has, of which there may be refused logins. */
async function userOf(
  { store, accounts, clientTypes }: OpenAccounts,
  { accountHash }: AuditKeys,
  user: string,
): Promise<AuditFilter['user']> {
  const { userFilter } = await import('../audit/user-filter.js')
  if (/^[0-9]{1,15}$/.test(user)) return userFilter(store, accountHash, Number(user))
  const found = await accounts.find(user, emailType)
  if (found !== undefined) return userFilter(store, accountHash, Number(found.uid))
  return { accountHashes: [accountHash(emailType, clientTypes.get(emailType).normaliseAccount(user))] }
}

function lineOf({ at, event, outcome, actor, actor_uid, uid, address_prefix, detail, seal }: AuditEntry): string {
  const who = actor === 'user' ? `user ${actor_uid}` : (actor ?? '')
  const about = uid === null ? '' : `of ${uid}`
  const sealed = seal === null ? 'not sealed' : `seal ${seal}`
  const said = detail === null ? '' : JSON.stringify(detail)
  return [at, event, outcome, who, about, address_prefix ?? '', sealed, said].map(escaped).join('\t')
}

/** Whatever stands there, a line is one event, and steers no terminal: escaped as in JSON, which leaves some of it alone. */
function escaped(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

async function withAudit(io: CommandIo, work: (parts: OpenAccounts, keys: AuditKeys) => Promise<void>): Promise<void> {
  await withAccounts(io, async (parts, { secret }) => {
    const { openAuditKeys } = await import('../audit/audit-keys.js')
    await work(parts, await openAuditKeys(parts.store, secret))
  })
}
