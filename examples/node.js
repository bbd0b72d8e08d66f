//   curl localhost:4000/v1/client/register -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100,"nickname":"ann"}'
//   curl localhost:4000/v1/token -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100}'
//   curl localhost:3000/orders -H "Authorization: Bearer TOKEN"
//   curl localhost:3000/orders/1 -X DELETE -u TOKEN: # 403
//
// node:http alone: an API that trusts a Latchkey server. Start one with "npx @latchkey/server serve", then this: node examples/node.js
import { createServer } from 'node:http'
import { createAuth } from 'latchkey'
import { currentUser, guard } from 'latchkey/node'

const auth = createAuth({ server: 'http://localhost:4000' })
const loggedIn = guard(auth)
const mayCancel = guard(auth, 'order:cancel')

createServer((request, response) => {
  if (request.method === 'DELETE') {
    // A guard that refuses has answered already.
    if (mayCancel(request, response)) response.writeHead(204).end()
  } else if (loggedIn(request, response)) {
    response.end(JSON.stringify({ for: currentUser(request).uid }))
  }
}).listen(3000)
