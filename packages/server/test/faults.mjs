// The full run of store/storage-faults.test.ts on both stores: every fault at every call; takes about half an hour.
// Usage: npm run faults -w @latchkey/server
import process from 'node:process'
import { runAlone } from './run-alone.mjs'

process.env.FAULTS = 'all'
await runAlone(['store/storage-faults.test.ts'])
