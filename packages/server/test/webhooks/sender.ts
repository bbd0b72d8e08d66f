/** One that delivers, on a database of its own: what is owed is written and sent as a server does, and quicker. */
import { onTestFinished } from 'vitest'
import { operator } from '../../src/audit/actor.js'
import { writeAuditEvent } from '../../src/audit/write-audit-event.js'
import type { AuditEventName, WebhookSettings } from '../../src/config.js'
import { createPlainLog } from '../../src/log/log.js'
import { openStore, type StoreOptions } from '../../src/store/open-store.js'
import type { WebhookDeliveryRow } from '../../src/store/schema.js'
import type { Store } from '../../src/store/store.js'
import { type Deliverer, startDeliverer } from '../../src/webhooks/deliverer.js'
import { createEndpoints } from '../../src/webhooks/endpoint.js'
import { openOutbox } from '../../src/webhooks/outbox.js'

export interface Sender {
  readonly store: Store
  readonly log: string[]
  /** What was counted, in its order. */
  readonly outcomes: string[]
  /** Writes an event in a transaction of its own. */
  write(event: AuditEventName, detail?: string): Promise<void>
  /** What is owed at this moment. */
  owed(): Promise<WebhookDeliveryRow[]>
  /** Begins to deliver; it is closed after the test. */
  start(options?: { readonly timeoutMs?: number }): Deliverer
}

export async function openSender(options: StoreOptions, webhooks: readonly WebhookSettings[]): Promise<Sender> {
  const store = await openStore(options)
  onTestFinished(() => store.close())
  const endpoints = createEndpoints(webhooks)
  openOutbox(store.db, endpoints)
  const log: string[] = []
  const outcomes: string[] = []
  return {
    ...{ store, log, outcomes },
    write: (event, detail) =>
      store.transaction((transaction) =>
        writeAuditEvent(transaction, { at: store.now(), event, outcome: 'done', by: operator, detail }),
      ),
    owed: () => store.db.selectFrom('webhook_deliveries').selectAll().orderBy('id').execute(),
    start({ timeoutMs = 5_000 } = {}) {
      const deliverer = startDeliverer({
        ...{ store, endpoints, timeoutMs, everyMs: 20 },
        log: createPlainLog((line) => log.push(line)),
        onOutcome: (outcome) => outcomes.push(outcome),
      })
      onTestFinished(() => deliverer.close())
      return deliverer
    },
  }
}
