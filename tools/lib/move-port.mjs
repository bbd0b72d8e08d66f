// Loaded into an example before it runs: whoever listens on the documents' port 3000 gets EXAMPLE_PORT on 127.0.0.1, on 4000
// EXAMPLE_SERVER_PORT, and the runner is told when it is there.
import { Server } from 'node:net'
import process from 'node:process'

const { listen } = Server.prototype

Server.prototype.listen = function listenElsewhere(...args) {
  const [first, ...rest] = args
  const options = typeof first === 'object' && first !== null ? first : { port: first }
  const port = { 3000: process.env.EXAMPLE_PORT, 4000: process.env.EXAMPLE_SERVER_PORT }[Number(options.port)]
  if (port === undefined) return listen.apply(this, args)
  this.once('listening', () => process.send?.('listening'))
  const moved = { ...options, port: Number(port), host: '127.0.0.1' }
  return listen.call(this, moved, ...rest.filter((value) => typeof value === 'function'))
}
