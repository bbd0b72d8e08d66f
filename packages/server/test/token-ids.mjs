// The full run of token-ids.test.ts: a million tokens. Usage: npm run token-ids -w @latchkey/server
import process from 'node:process'
import { runAlone } from './run-alone.mjs'

process.env.TOKEN_IDS = '1000000'
await runAlone(['token-ids.test.ts'])
