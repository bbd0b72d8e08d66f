//   curl localhost:4000/.well-known/jwks.json
//
// The one that knows passwords: start it first, with node examples/two-services/identity.js
import { createServer } from 'node:http'
import { createLatchkey } from '@latchkey/server'

const latchkey = await createLatchkey({ issuer: 'http://localhost:4000', audiences: ['orders'] })

createServer((request, response) => latchkey.node(request, response)).listen(4000)
