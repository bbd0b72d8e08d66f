//   curl localhost:4000/v1/client/register -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100,"nickname":"ann"}'
//   curl localhost:4000/v1/token -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100}'
//   curl localhost:3000/orders -H "Authorization: Bearer TOKEN"
//   curl localhost:3000/orders/1 -X DELETE -u TOKEN: # 403
//
// Express: an API that trusts a Latchkey server. Start one with "npx @latchkey/server serve", then this: node examples/express.js
import express from 'express'
import { createAuth } from 'latchkey'
import { currentUser, guard } from 'latchkey/express'

const auth = createAuth({ server: 'http://localhost:4000' })
const app = express()

app.get('/orders', guard(auth), (req, res) => {
  res.json({ for: currentUser(req).uid })
})
app.delete('/orders/:id', guard(auth, 'order:cancel'), (_req, res) => {
  res.status(204).end()
})

app.listen(3000)
