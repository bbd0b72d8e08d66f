// Loaded into an example before it runs: whoever listens on the documents' port 3000 gets EXAMPLE_PORT on 127.0.0.1,
// and the runner is told when it is there.
import { Server } from 'node:net'
import process from 'node:process'

const { listen } = Server.prototype

Server.prototype.listen = function listenElsewhere(...args) {
  const [first, ...rest] = args
  const options = typeof first === 'object' && first !== null ? first : { port: first }
  if (Number(options.port) !== 3000) return listen.apply(this, args)
  this.once('listening', () => process.send?.('listening'))
  const moved = { ...options, port: Number(process.env.EXAMPLE_PORT), host: '127.0.0.1' }
  return listen.call(this, moved, ...rest.filter((value) => typeof value === 'function'))
}
