/** What live revocations cost a guard: memory, rows read from a page and put in force, looks, and the sweep. Real code, real time. */
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { createRevocationList } from 'latchkey/token'
import { readFeedPage } from '../../packages/latchkey/dist/auth/feed-page.js'
import { readStrictJson } from '../../packages/latchkey/dist/encoding/index.js'
import { createRandom, quantile } from './random.mjs'
import { cpuMs } from './virtual-time.mjs'

const pageRows = 10_000
const everyGeneration = 2 ** 31 - 1
/** From a revocation until a guard forgets it: what is left of the token, an hour and five minutes, and an hour held back. */
const [accessTtlSeconds, keptSeconds] = [7200, 3900 + 3600]
const nowSeconds = 1_800_000_000

setFlagsFromString('--expose-gc')
/** What was let go of would count, too. */
const collectGarbage = runInNewContext('gc')

/** Fills a list and answers what it took at each of `marks`, in rows. */
export function measureTable(marks) {
  const random = createRandom(7)
  const list = createRevocationList()
  const growthMs = []
  const figures = []
  let filled = 0
  let applyCpuMs = 0
  for (const mark of marks) {
    while (filled < mark) {
      const rows = Array.from({ length: Math.min(pageRows, mark - filled) }, () => newRow(random))
      const [began, beganCpu] = [performance.now(), cpuMs()]
      list.apply(rows)
      applyCpuMs += cpuMs() - beganCpu
      growthMs.push(performance.now() - began)
      filled += rows.length
    }
    collectGarbage()
    collectGarbage()
    const { arrayBuffers } = process.memoryUsage()
    figures.push({
      rows: mark,
      bytesARow: arrayBuffers / mark,
      megabytes: arrayBuffers / 1e6,
      applyUs: (applyCpuMs / mark) * 1000,
      longestPageMs: Math.max(...growthMs),
      lookNs: timeLooks(list, random),
      // A minute's share of them is over; the same again.
      ...timeSweep(list),
    })
  }
  return figures
}

function newRow(random) {
  const expiresAt = nowSeconds + Math.floor(random.next() * accessTtlSeconds) + keptSeconds
  return { kind: 's', id: random.sid(), min: everyGeneration, expiresAt }
}

/** For a session that is not in it, as nearly all are not. */
function timeLooks(list, random) {
  const sids = Array.from({ length: 20_000 }, () => ({ sid: random.sid(), gen: 0 }))
  let refused = 0
  const began = cpuMs()
  for (let turn = 0; turn < 10; turn++) for (const one of sids) if (list.refuses(one, 'key')) refused++
  if (refused > 0) throw new Error('Nobody revoked these sessions')
  return ((cpuMs() - began) / (10 * sids.length)) * 1e6
}

/** The longest step of the way around, and all of them, once some rows are over: here a hundredth. */
function timeSweep(list) {
  const random = createRandom(8)
  const over = Array.from({ length: Math.ceil(list.size / 100) }, () => ({ ...newRow(random), expiresAt: nowSeconds }))
  list.apply(over)
  const steps = Array.from({ length: 256 }, () => {
    const beganMs = cpuMs()
    list.sweep(nowSeconds + 1)
    return cpuMs() - beganMs
  })
  return { longestStepMs: Math.max(...steps), sweepMs: steps.reduce((sum, ms) => sum + ms, 0) }
}

/** A full page as the server writes it: its bytes, packed too, and what reading it takes. */
export function measurePage() {
  const random = createRandom(9)
  const rows = Array.from({ length: pageRows }, () => {
    const { kind, id, min, expiresAt } = newRow(random)
    return [kind, id, min, expiresAt]
  })
  const page = {
    ...{ feed_id: random.sid(), rows, next: `${random.sid()}~123456789.123456789`, more: true, final: true },
    ...{ age_ms: 3, now: nowSeconds * 1000, process_id: '0123456789abcdef', process_ms: 1, keys_version: 1 },
  }
  const text = JSON.stringify(page)
  const list = createRevocationList()
  const times = { parse: [], read: [], apply: [], write: [] }
  for (let turn = 0; turn < 15; turn++) {
    const fresh = Buffer.from(text).toString()
    const moments = [cpuMs()]
    const { value } = readStrictJson(fresh)
    moments.push(cpuMs())
    const { rows: read } = readFeedPage(value)
    moments.push(cpuMs())
    list.apply(read)
    moments.push(cpuMs())
    JSON.stringify(page)
    moments.push(cpuMs())
    for (const [i, name] of ['parse', 'read', 'apply', 'write'].entries()) times[name].push(moments[i + 1] - moments[i])
  }
  const usARow = (name) => (quantile(times[name], 0.5) / pageRows) * 1000
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }
  return {
    bytes: text.length,
    bytesARow: text.length / pageRows,
    gzipBytesARow: gzipSync(text).length / pageRows,
    brotliBytesARow: brotliCompressSync(text, quick).length / pageRows,
    ...{ parseUs: usARow('parse'), readUs: usARow('read'), applyUs: usARow('apply'), writeUs: usARow('write') },
  }
}
