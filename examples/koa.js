//   curl localhost:4000/v1/client/register -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100,"nickname":"ann"}'
//   curl localhost:4000/v1/token -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100}'
//   curl localhost:3000/orders -H "Authorization: Bearer TOKEN"
//   curl localhost:3000/orders/1 -X DELETE -u TOKEN: # 403
//
// Koa: an API that trusts a Latchkey server. Start one with "npx @latchkey/server serve", then this: node examples/koa.js
import Koa from 'koa'
import { createAuth } from 'latchkey'
import { currentUser, guard } from 'latchkey/koa'

const auth = createAuth({ server: 'http://localhost:4000' })
const loggedIn = guard(auth)
const mayCancel = guard(auth, 'order:cancel')
const app = new Koa()

// With @koa/router: router.get('/orders', guard(auth), handler)
app.use((ctx, next) => (ctx.method === 'DELETE' ? mayCancel(ctx, next) : loggedIn(ctx, next)))
app.use((ctx) => {
  ctx.body = { for: currentUser(ctx).uid }
})

app.listen(3000)
