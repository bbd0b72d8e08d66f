// Migrates as a newer version would, and dies by SIGKILL in the middle of its last migration, when it has said that it is there.
import { writeSync } from 'node:fs'
import process from 'node:process'
import { Kysely } from 'kysely'
import { migrate } from '../../../dist/store/migrate.js'
import { migrations } from '../../../dist/store/migrations/index.js'
import { openPostgresEngine } from '../../../dist/store/postgres/engine.js'
import { openSqliteEngine } from '../../../dist/store/sqlite/engine.js'

const { dataFolder, databaseUrl } = JSON.parse(process.argv[2])
const lockWaitMs = 5000
const engine = await (databaseUrl === undefined
  ? openSqliteEngine(dataFolder, { mustExist: false, lockWaitMs })
  : openPostgresEngine(databaseUrl, lockWaitMs))
const bare = new Kysely({ dialect: engine.dialect })
const killed = {
  name: '9000-killed',
  async up(db) {
    await db.schema.createTable('half_done').addColumn('a', 'text').execute()
    // More than SQLite keeps in memory: some of it is in the file.
    const values = { a: 'x'.repeat(4 * 1024 * 1024) }
    await db.insertInto('half_done').values(values).execute()
    const rows = await db.selectFrom('half_done').select('a').execute()
    writeSync(1, `rows: ${rows.length}`)
    process.kill(process.pid, 'SIGKILL')
  },
}
await migrate(engine.schema === undefined ? bare : bare.withSchema(engine.schema), engine, 1, [...migrations, killed])
