//   curl localhost:3000/v1/client/register -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100,"nickname":"ann"}'
//   curl localhost:3000/v1/token -H content-type:application/json -d '{"account":"ann@example.org","secret":"a long passphrase","type":100}'
//   curl localhost:3000/orders -H "Authorization: Bearer TOKEN"
//   curl localhost:3000/v1/token/revoke -d token=TOKEN
//   curl localhost:3000/orders -H "Authorization: Bearer TOKEN" # 401
//
// Everything in one process: login, tokens and the API, with SQLite and the keys in ./data. node examples/embedded.js
import { createLatchkey } from '@latchkey/server'
import express from 'express'
import { defineRoles } from 'latchkey'
import { currentUser, guard, mount } from 'latchkey/express'

const roles = defineRoles({
  scopes: ['order:read', 'order:cancel'],
  roles: { user: { allow: ['order:read'] }, clerk: { extends: ['user'], allow: ['order:cancel'] } },
})
const latchkey = await createLatchkey({ roles })
const app = express()
app.use(mount(latchkey))

app.get('/orders', guard(latchkey, 'order:read'), (req, res) => {
  res.json({ for: currentUser(req).uid })
})
app.delete('/orders/:id', guard(latchkey, 'order:cancel'), (_req, res) => {
  res.status(204).end()
})

app.listen(3000)
