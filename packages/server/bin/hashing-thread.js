/** Hashes and checks passwords, one at a time, in a thread of its own: see `src/accounts/hashing-threads.ts`. */
import { constants, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/argon2'

// Linux takes this for the thread alone, others for the whole process. Requests go first: they need milliseconds, a hash needs many.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL)

parentPort.on('message', ({ stored, secret, options }) => {
  try {
    const result = stored === undefined ? hashSync(secret, options) : verifySync(stored, secret)
    parentPort.postMessage({ result })
  } catch (error) {
    parentPort.postMessage({ error })
  }
})
