/** better-sqlite3 in the version that this Node can run: 13 needs Node 22, and 12 ends the process on 24.19 and newer. */
import { createRequire } from 'node:module'
import type BetterSqlite from 'better-sqlite3'

const require = createRequire(import.meta.url)
const major = Number(process.versions.node.split('.')[0])

/** Both have the same interface. The older one is compiled where no prebuilt one can be had; the newer one brings its own. */
export const Database: typeof BetterSqlite = major < 22 ? require('better-sqlite3') : require('better-sqlite3-13')
