//   curl localhost:4000/v1/client/register -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100,"nickname":"ann"}'
//   curl localhost:4000/v1/token -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100}'
//   curl localhost:3000/orders -H "Authorization: Bearer TOKEN"
//   curl localhost:3000/orders/1 -X DELETE -u TOKEN: # 403
//
// Hono: an API that trusts a Latchkey server. Start one with "npx @latchkey/server serve", then this: node examples/hono.js
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createAuth } from 'latchkey'
import { currentUser, guard } from 'latchkey/hono'

const auth = createAuth({ server: 'http://localhost:4000' })
const app = new Hono()

app.get('/orders', guard(auth), (c) => c.json({ for: currentUser(c).uid }))
app.delete('/orders/:id', guard(auth, 'order:cancel'), (c) => c.body(null, 204))

serve({ fetch: app.fetch, port: 3000 })
