import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { App } from '../routes.js'

/** Listens on a free port of 127.0.0.1. */
export async function listen(server: Server): Promise<App> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return {
    port: boundTo(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function boundTo(server: Server): number {
  return (server.address() as AddressInfo).port
}
