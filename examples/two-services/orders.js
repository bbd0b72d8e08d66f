//   curl localhost:4000/v1/client/register -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100,"nickname":"ann"}'
//   curl localhost:4000/v1/token -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100,"audience":["orders"]}'
//   curl localhost:3000/orders -H "Authorization: Bearer TOKEN"
//   curl localhost:4000/v1/user -H "Authorization: Bearer TOKEN" # 401
//
// The one that trusts it: checks tokens by itself, and takes those alone that are for it. node examples/two-services/orders.js
import { createServer } from 'node:http'
import { createAuth } from 'latchkey'
import { currentUser, guard } from 'latchkey/node'

const auth = createAuth({ server: 'http://localhost:4000', audience: 'orders' })
const loggedIn = guard(auth)

createServer((request, response) => {
  if (loggedIn(request, response)) response.end(JSON.stringify({ for: currentUser(request).uid }))
}).listen(3000)
