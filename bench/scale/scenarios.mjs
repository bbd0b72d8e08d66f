/** What is simulated. `isShipped`: the server and the CDN as they are, so that every promise must hold. */
const keptASecond = { cdn: { tailSeconds: 1 } }
const together = { cdn: { collapseOnly: true }, pagesEveryMs: 200 }
/** Guards that started at the same moment would ask for the same pages for a while. */
const apart = { startWithinMs: 10_000, warmUpSeconds: 10.5 }

export const scenarios = [
  { name: 'as it is', isShipped: true, revocationsASecond: 10, guards: 250, seconds: 6, warmUpSeconds: 12 },
  { name: 'as it is', isShipped: true, revocationsASecond: 1_000, guards: 150, seconds: 6 },
  { name: 'as it is', isShipped: true, revocationsASecond: 10_000, guards: 40, seconds: 5 },
  {
    name: 'a transaction stays open',
    isShipped: true,
    openTransactionMs: 5_000,
    revocationsASecond: 1_000,
    guards: 60,
    seconds: 6,
  },
  {
    name: 'if the CDN answered all who wait at once',
    ...apart,
    cdn: { collapseOnly: true },
    revocationsASecond: 1_000,
    guards: 100,
    seconds: 5,
  },
  {
    name: 'if the CDN kept the last page 1 s',
    ...apart,
    ...keptASecond,
    revocationsASecond: 1_000,
    guards: 100,
    seconds: 5,
  },
  {
    name: 'if it answered all at once, and the server in steps of 200 ms',
    ...apart,
    ...together,
    revocationsASecond: 1_000,
    guards: 100,
    seconds: 5,
  },
  {
    name: 'if it answered all at once, and the server in steps of 200 ms',
    ...together,
    revocationsASecond: 10_000,
    guards: 40,
    seconds: 5,
  },
]

/** Guards that start beside a long feed, whose pages are in the caches after the first of them. */
export const start = {
  ...{ name: 'start', isShipped: true, revocationsASecond: 100, guards: 20, seconds: 1, warmUpSeconds: 20 },
  ...{ historyRows: 200_000, startWithinMs: 2_000 },
}

export const shortScenarios = [
  { name: 'as it is', isShipped: true, revocationsASecond: 500, guards: 50, seconds: 3, historyRows: 12_000 },
  {
    name: 'a transaction stays open',
    isShipped: true,
    openTransactionMs: 2_000,
    revocationsASecond: 300,
    guards: 50,
    seconds: 3,
  },
  {
    name: 'if it answered all at once, and the server in steps of 200 ms',
    ...together,
    revocationsASecond: 500,
    guards: 50,
    seconds: 3,
  },
]
export const shortStart = { ...start, guards: 4, historyRows: 30_000, warmUpSeconds: 4, startWithinMs: 500 }
