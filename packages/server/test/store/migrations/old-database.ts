/** A database as an earlier version left it: its migrations alone, and rows with the columns that it had. */
import { randomBytes } from 'node:crypto'
import { Kysely } from 'kysely'
import { createSigner, importKey } from 'latchkey/token'
import { makeApiKey } from '../../../src/api-keys/api-key.js'
import { makeRefreshToken, makeTagKey } from '../../../src/sessions/refresh-token.js'
import { newKeyRow } from '../../../src/signing-keys/key-rows.js'
import { deriveKey, seal, unseal } from '../../../src/signing-keys/seal.js'
import { migrate } from '../../../src/store/migrate.js'
import { migrations } from '../../../src/store/migrations/index.js'
import type { StoreOptions } from '../../../src/store/open-store.js'
import { openPostgresEngine } from '../../../src/store/postgres/engine.js'
import type { LatchkeyDatabase } from '../../../src/store/schema.js'
import { openSqliteEngine } from '../../../src/store/sqlite/engine.js'

const lockWaitMs = 5000
const hour = 3600
const everyGeneration = 2 ** 31 - 1

export interface OldSession {
  readonly sid: string
  /** Of its present generation. */
  readonly token: string
  readonly refreshToken: string
  /** The one before: it was exchanged for the present one an hour ago. */
  readonly usedToken: string
}

export interface OldDatabase {
  /** Live ones, of one user. */
  readonly sessions: readonly [OldSession, OldSession]
  readonly ended: OldSession
  readonly apiKey: { readonly id: string; readonly key: string }
}

/** `applied`: how many of the migrations it has had. */
export async function makeOldDatabase(
  { dataFolder, databaseUrl }: StoreOptions,
  applied: number,
  { secret, issuer }: { readonly secret: string; readonly issuer: string },
): Promise<OldDatabase> {
  const engine = await (databaseUrl === undefined
    ? openSqliteEngine(dataFolder, { mustExist: false, lockWaitMs })
    : openPostgresEngine(databaseUrl, lockWaitMs))
  const bare = new Kysely<LatchkeyDatabase>({ dialect: engine.dialect })
  const db = engine.schema === undefined ? bare : bare.withSchema(engine.schema)
  const now = Math.floor(Date.now() / 1000)
  try {
    await migrate(db as unknown as Kysely<unknown>, engine, now - hour, migrations.slice(0, applied))
    return await fill(db)
  } finally {
    await engine.close?.()
    await db.destroy()
  }

  async function fill(db: Kysely<LatchkeyDatabase>): Promise<OldDatabase> {
    const masterBytes = randomBytes(32)
    const master = { derive: (use: string) => deriveKey(masterBytes, use) }
    const place = { table: 'meta', id: 'master_key', use: 'master-key' }
    const wrapped = seal(deriveKey(Buffer.from(secret), 'wrap-master-key'), masterBytes, place)
    await db
      .insertInto('meta')
      .values({ name: 'master_key', value: wrapped.toString('base64url') })
      .execute()
    const row = newKeyRow('EdDSA', master, now - hour)
    await db
      .insertInto('signing_keys')
      .values([{ ...row, sign_from: 0 }, newKeyRow('EdDSA', master, now - hour)])
      .execute()
    const opened = unseal(master.derive('signing_keys.private'), row.private, {
      ...{ table: 'signing_keys', id: row.kid, use: 'private' },
    }) as Buffer
    const signer = createSigner({
      ...{ key: importKey(JSON.parse(opened.toString())), issuer, audience: issuer, ttlSeconds: hour },
    })
    const { uid } = await db
      .insertInto('users')
      .values({ nickname: 'ann', role: 'user', created_at: now - hour, disabled_at: null })
      .returning('uid')
      .executeTakeFirstOrThrow()
    const shared = { uid, min_gen: 0, created_at: now - hour, absolute_until: now + 24 * hour, access_exp: now + hour }

    async function addSession(isEnded: boolean): Promise<OldSession> {
      const sid = randomBytes(16).toString('base64url')
      const tag_key = makeTagKey()
      const [used, current] = [0, 1].map((gen) => makeRefreshToken({ sid, gen, tagKey: tag_key }))
      await db
        .insertInto('sessions')
        .values({
          ...{ ...shared, sid, kind: 'login', client_type: 100, gen: 1, rev: 1, tag_key, idle_until: now + 24 * hour },
          ...{ cur_hash: current?.hash as Buffer, prev_hash: used?.hash as Buffer, address_prefix: '192.0.2.0/24' },
          ...(isEnded ? { min_gen: 2, ended_at: now - 60, end_reason: 'logout' } : {}),
        })
        .execute()
      // Of the first version there was no feed.
      if (isEnded && applied > 1) {
        const revocation = { kind: 's' as const, id: sid, min: everyGeneration, expires_at: now + 2 * hour }
        await db.insertInto('revocations').values(revocation).execute()
      }
      const scopes = ['user:read', 'user:write']
      const token = signer.issue({ uid: String(uid), clientType: 100, scopes, sid, gen: 1 })
      return { sid, token, refreshToken: current?.token as string, usedToken: used?.token as string }
    }
    const apiKey = makeApiKey()
    await db
      .insertInto('sessions')
      .values({
        ...{ ...shared, sid: apiKey.id, kind: 'key', client_type: 300, gen: 0, rev: 0, cur_hash: apiKey.hash },
        ...{ idle_until: now + 24 * hour, access_exp: 0, device: 'program' },
      })
      .execute()
    return {
      sessions: [await addSession(false), await addSession(false)],
      ended: await addSession(true),
      apiKey,
    }
  }
}
