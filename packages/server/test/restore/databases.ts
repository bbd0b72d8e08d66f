/** What is done to databases of PostgreSQL as a whole. */
import pg from 'pg'
import type { TestDatabase } from '../store/test-store.js'

/** Runs a statement while nobody is connected to the database, whose name it is given. */
export async function onServer(database: TestDatabase, text: (name: string) => string): Promise<void> {
  const url = new URL(database.config.databaseUrl as string)
  const name = url.pathname.slice(1)
  url.pathname = '/postgres'
  const client = new pg.Client(url.href)
  await client.connect()
  const end = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`
  try {
    await client.query(end)
    await client.query(text(name))
  } finally {
    await client.end()
  }
}

/** Answers how many rows were found or changed. */
export async function inDatabase(url: string, text: string): Promise<number> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query(text)).rowCount ?? 0
  } finally {
    await client.end()
  }
}

export const copyDatabase = (database: TestDatabase, suffix: string) =>
  onServer(database, (name) => `create database ${name}_${suffix} template ${name}`)
export const renameDatabase = (database: TestDatabase, suffix: string) =>
  onServer(database, (name) => `alter database ${name} rename to ${name}_${suffix}`)
