import type { Command } from 'commander'
import type { AccountEntry } from '../accounts/profile.js'
import { operator } from '../audit/actor.js'
import { emailType } from '../client-types/client-type.js'
import type { ReadyConfig } from '../config.js'
import type { OpenAccounts } from '../create-latchkey/open-accounts.js'
import { type CommandIo, UsageError } from './command-io.js'
import { example } from './example.js'
import { readSecret } from './read-secret.js'
import { findUid, withAccounts } from './with-accounts.js'

interface Json {
  readonly json?: boolean
}

/** `latchkey user add|list|disable|enable|role` */
export function addUserCommands(program: Command, io: CommandIo): void {
  const user = program.command('user').description('Keep users')

  user
    .command('add')
    .description('Make a user; the password is asked for, or read from standard input')
    .argument('<account>', 'an email address')
    .option('--role <role>', 'the role', 'user')
    .option('--nickname <nickname>', 'default: what stands before the @')
    .option('--secret-stdin', 'read the password from standard input')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey user add ann@example.org --role admin'))
    .action((account: string, options: AddOptions) => addUser(io, account, options))

  user
    .command('list')
    .description('Print all users, in the order of their uids')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', example('latchkey user list --json'))
    .action((options: Json) => listUsers(io, options))

  user
    .command('disable')
    .description('End all sessions of a user and refuse its logins; the account stays taken')
    .argument('<user>', 'an account or a uid')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey user disable ann@example.org'))
    .action((name: string, options: Json) =>
      change(io, name, options, { disabled: true }, (accounts, uid) => accounts.disable(uid)),
    )

  user
    .command('enable')
    .description('Let a disabled user log in again')
    .argument('<user>', 'an account or a uid')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey user enable ann@example.org'))
    .action((name: string, options: Json) =>
      change(io, name, options, { disabled: false }, (accounts, uid) => accounts.enable(uid)),
    )

  user
    .command('role')
    .description('Give a user another role')
    .argument('<user>', 'an account or a uid')
    .argument('<role>', 'user, admin, or one of the configuration')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey user role ann@example.org admin'))
    .action((name: string, role: string, options: Json) =>
      change(io, name, options, { role }, (accounts, uid) => accounts.setRole(uid, role)),
    )
}

interface AddOptions extends Json {
  readonly role: string
  readonly nickname?: string
  readonly secretStdin?: boolean
}

async function addUser(io: CommandIo, account: string, options: AddOptions): Promise<void> {
  const add = async ({ accounts }: OpenAccounts, { roles }: ReadyConfig) => {
    // Before a password is asked for.
    if (!roles.has(options.role)) throw new UsageError(`--role must be one of ${roles.names.join(', ')}`)
    const secret = await readSecret(io, `Password for ${account}: `, options.secretStdin ?? false)
    const nickname = options.nickname ?? nicknameFrom(account)
    const { uid } = await accounts.register({ type: emailType, account, secret, nickname }, operator, options.role)
    io.out(
      options.json
        ? JSON.stringify({ uid, role: options.role })
        : `User ${uid} was made, with the role ${options.role}.`,
    )
  }
  await withAccounts(io, add, { mustExist: false })
}

/** What stands before the @, where that can be a nickname. */
function nicknameFrom(account: string): string {
  const name = [...account.slice(0, account.lastIndexOf('@'))].slice(0, 24).join('')
  return name.length >= 2 ? name : [...account].slice(0, 24).join('')
}

async function listUsers(io: CommandIo, { json }: Json): Promise<void> {
  await withAccounts(io, async ({ accounts }) => {
    let after: string | undefined
    do {
      const page = await accounts.list({ after, limit: 100 })
      for (const entry of page.users) io.out(json ? JSON.stringify(entry) : lineOf(entry))
      after = page.next ?? undefined
    } while (after !== undefined)
  })
}

function lineOf({ uid, account, role, nickname, disabled_at }: AccountEntry): string {
  return [uid, account, role, disabled_at === null ? 'live' : 'disabled', nickname].join('\t')
}

async function change(
  io: CommandIo,
  user: string,
  { json }: Json,
  done: object,
  work: (accounts: OpenAccounts['accounts'], uid: string) => Promise<void>,
): Promise<void> {
  await withAccounts(io, async (parts) => {
    const uid = await findUid(parts, user)
    await work(parts.accounts, uid)
    io.out(json ? JSON.stringify({ uid, ...done }) : `User ${uid} was changed.`)
  })
}
