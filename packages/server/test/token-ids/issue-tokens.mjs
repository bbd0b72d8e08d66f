// Issues tokens as a server on the database in a folder does. Prints the name of the key, and writes the ids of the tokens, of 16
// bytes each. Usage: node issue-tokens.mjs FOLDER COUNT FILE
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { readConfig } from '../../dist/config.js'
import { openTokens } from '../../dist/create-latchkey/open-tokens.js'
import { openStore } from '../../dist/store/open-store.js'

const [dataFolder, count, file] = process.argv.slice(2)
const config = await readConfig({ argument: { dataFolder }, environment: {}, folder: dataFolder })
const store = await openStore({ dataFolder })
const { signingKeys, tokens } = await openTokens(store, config)
const { kid } = signingKeys.signingKey(store.now())
const ids = Buffer.alloc(16 * Number(count))
for (let i = 0; i < Number(count); i++) {
  const subject = { uid: '1', clientType: 100, scopes: ['user:read'], sid: 'A'.repeat(22), gen: 0 }
  const [header, payload] = tokens.issue(subject, store.now()).split('.')
  if (JSON.parse(Buffer.from(header, 'base64url')).kid !== kid) throw new Error('Another key signed')
  const { jti } = JSON.parse(Buffer.from(payload, 'base64url'))
  if (ids.write(jti, 16 * i, 'base64url') !== 16) throw new Error('An id must be 16 bytes')
}
writeFileSync(file, ids)
console.log(kid)
await store.close()
