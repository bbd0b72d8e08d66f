/** PostgreSQL: its version, what its user may do, and whether the way to it is encrypted. */
import { sql } from 'kysely'
import { isLoopback } from '../config/loopback.js'
import type { Environment } from '../config/read-environment.js'
import type { Store } from '../store/store.js'
import { type Finding, fault, ok, warning } from './finding.js'

interface Role {
  readonly version: string
  readonly superuser: boolean
  readonly databases: boolean
  readonly roles: boolean
}

/** Asks the open database for its version and for the rights of the user that it was opened by. */
export async function checkPostgres({ db }: Pick<Store, 'db'>): Promise<readonly Finding[]> {
  const { rows } = await sql<Role>`
    select current_setting('server_version') as version, rolsuper as superuser, rolcreatedb as databases,
      rolcreaterole as roles
    from pg_catalog.pg_roles where rolname = current_user`.execute(db)
  const role = rows[0] as Role
  return [ok('database', `PostgreSQL ${role.version} answers, and has had every migration.`), judgeRights(role)]
}

function judgeRights({ superuser, databases, roles }: Role): Finding {
  const may = [
    ...(superuser ? ['is a superuser'] : []),
    ...(databases ? ['may create databases'] : []),
    ...(roles ? ['may create roles'] : []),
  ]
  if (may.length === 0) return ok('rights', 'The user of DATABASE_URL has no more rights than its own tables.')
  const advice =
    'Serve as a user that may select, insert, update and delete in the schema "latchkey" alone; run "latchkey migrate" as its owner.'
  return warning('rights', `The user of DATABASE_URL ${may.join(', ')}.`, advice)
}

/** Reads from the address, and from PGHOST and PGSSLMODE as `pg` does, whether what is sent to the database is encrypted. */
export function checkDatabaseTls(databaseUrl: string, environment: Environment): Finding {
  const url = new URL(databaseUrl)
  const host = url.searchParams.get('host') || decodeURIComponent(url.hostname) || environment.PGHOST || 'localhost'
  if (host.startsWith('/') || isLoopback(host)) return ok('database TLS', 'The database is on this machine.')
  const advice = 'Add ?sslmode=verify-full to DATABASE_URL, and &sslrootcert=FILE where the certificate is of your own.'
  const protection = protectionOf(url.searchParams, environment.PGSSLMODE)
  if (protection === 'verified')
    return ok('database TLS', 'The way to the database is encrypted, and its certificate is checked.')
  if (protection === 'unverified') {
    const found = 'The way to the database is encrypted, but its certificate is not checked.'
    return warning('database TLS', found, advice)
  }
  return fault('database TLS', 'The way to the database, which is on another machine, is not encrypted.', advice)
}

type Protection = 'verified' | 'unverified' | 'none'

const modes: Readonly<Record<string, Protection>> = {
  ...{ prefer: 'verified', require: 'verified', 'verify-ca': 'verified', 'verify-full': 'verified' },
  ...{ 'no-verify': 'unverified', disable: 'none' },
}

/** `pg` takes `require` for `verify-full`, unless it is told to do as libpq does. */
function protectionOf(given: URLSearchParams, fromEnvironment: string | undefined): Protection {
  const mode = given.get('sslmode')
  const ssl = given.get('ssl')
  const hasRoot = given.has('sslrootcert')
  if (mode !== null) {
    const lenient = given.get('uselibpqcompat') === 'true' && (mode === 'prefer' || (mode === 'require' && !hasRoot))
    return lenient ? 'unverified' : (modes[mode] ?? 'none')
  }
  if (hasRoot || given.has('sslcert') || given.has('sslkey')) return 'verified'
  if (ssl !== null) return ssl === 'true' || ssl === '1' ? 'verified' : (modes[ssl] ?? 'none')
  return modes[fromEnvironment ?? 'disable'] ?? 'none'
}
