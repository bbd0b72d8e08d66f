/** Hashes and checks passwords, one at a time, in a thread of its own: see `src/accounts/hashing-threads.ts`. */
import { constants, getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/argon2'

// Requests go first: they need milliseconds, a hash needs many. Linux takes this for the thread alone, others for the process.
if (process.platform === 'linux') {
  try {
    setPriority(Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL))
  } catch {
    // A sandbox may forbid it, as SystemCallFilter=~@resources does: then hashes and requests share the processor evenly.
  }
}

parentPort.on('message', ({ stored, secret, options }) => {
  try {
    const result = stored === undefined ? hashSync(secret, options) : verifySync(stored, secret)
    parentPort.postMessage({ result })
  } catch (error) {
    parentPort.postMessage({ error })
  }
})
