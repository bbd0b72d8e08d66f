//   curl localhost:4000/v1/client/register -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100,"nickname":"ann"}'
//   curl localhost:4000/v1/token -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100}'
//   curl localhost:3000/orders -H "Authorization: Bearer TOKEN"
//   curl localhost:3000/orders/1 -X DELETE -u TOKEN: # 403
//
// Fastify: an API that trusts a Latchkey server. Start one with "npx @latchkey/server serve", then this: node examples/fastify.js
import fastify from 'fastify'
import { createAuth } from 'latchkey'
import { currentUser, guard } from 'latchkey/fastify'

const auth = createAuth({ server: 'http://localhost:4000' })
const app = fastify()

app.get('/orders', { onRequest: guard(auth) }, (request) => ({ for: currentUser(request).uid }))
app.delete('/orders/:id', { onRequest: guard(auth, 'order:cancel') }, (_request, reply) => reply.code(204).send())

await app.listen({ port: 3000 })
