import type { Command } from 'commander'
import type { CommandIo } from './command-io.js'
import { example } from './example.js'
import { type ExplainForm, explainToken } from './explain-token.js'
import { findUid, withAccounts } from './with-accounts.js'

interface IssueOptions {
  readonly scope?: string
  readonly device?: string
  readonly json?: boolean
}

/** `latchkey token issue|explain` */
export function addTokenCommands(program: Command, io: CommandIo): void {
  const token = program.command('token').description('Issue and explain tokens')

  token
    .command('explain')
    .description('Print each check of an access token, which one refuses it, and what to do')
    .argument('<token>', 'the token, or - to read it from standard input, where no other user of the machine sees it')
    .option('--server <url>', 'explain as a service that follows this Latchkey server; default: by the database here')
    .option('--issuer <name>', 'what the service trusts; default: the URL of the server')
    .option('--audience <name>', 'what the service expects; default: the issuer')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey token explain - --server https://id.example --audience orders < token.txt'))
    .action((given: string, form: ExplainForm) => explainToken(io, given, form))

  token
    .command('issue')
    .description('Begin a session for a user, as a login does, and print its access token')
    .argument('<user>', 'an account or a uid')
    .option('--scope <scopes>', 'cut what the role grants to these, with one space between')
    .option('--device <label>', 'the label of the session', 'command line')
    .option('--json', 'print what POST /v1/token answers')
    .addHelpText('after', example('curl localhost:4000/v1/user -u "$(latchkey token issue ann@example.org):"'))
    .action((user: string, options: IssueOptions) => issueToken(io, user, options))
}

async function issueToken(io: CommandIo, user: string, { scope, device, json }: IssueOptions): Promise<void> {
  await withAccounts(io, async (parts, config) => {
    const uid = await findUid(parts, user)
    const { issueForUser } = await import('../create-latchkey/issue-for-user.js')
    const answer = await issueForUser(parts, config, uid, { scope, device })
    io.out(json ? JSON.stringify(answer) : answer.token)
  })
}
