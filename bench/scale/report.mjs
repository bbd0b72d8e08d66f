/** What was simulated and measured, as Markdown. */
import { cpus, totalmem } from 'node:os'
import process from 'node:process'
import { quantile } from './random.mjs'

const allGuards = 100_000

export function describe({ page, table, runs, started, database }) {
  const memory = Math.round(totalmem() / 2 ** 30)
  return [
    '# Results',
    '',
    `${cpus().length} x ${cpus()[0]?.model}, ${memory} GiB, Node ${process.version}. [docs/scale.md](../../docs/scale.md) says what they mean.`,
    '',
    ...['## What a guard takes', '', describeGuards(runs)],
    ...['## What comes to the server', '', describeServer(runs)],
    ...['## Refused after', '', describeRefusals(runs)],
    ...['## The same, by the kind of guard', '', describeKinds(runs)],
    ...['## Memory and processor of a guard', '', describeTable(table), describePage(page)],
    ...['## Start', '', describeStart(started)],
    ...(database === undefined ? [] : ['## PostgreSQL', '', describeDatabase(database)]),
  ].join('\n')
}

function describeGuards(runs) {
  const heads = ['', 'revocations a second', 'guards', 'polls a second', 'kB a poll', 'kB a second', 'of a core']
  heads.push(`${thousands(allGuards)} of them: Gbit/s from the CDN`)
  const rows = runs.map((run) => {
    const { name, revocationsASecond, seconds, guards, guardRequests, guardBytes, guardCpuMs } = run
    const each = (value) => value / seconds / guards
    return [
      ...[name, thousands(revocationsASecond), guards, fixed(each(guardRequests), 2)],
      ...[fixed(guardBytes / guardRequests / 1000, 1), fixed(each(guardBytes) / 1000, 1)],
      ...[percent(each(guardCpuMs) / 1000), fixed((each(guardBytes) * allGuards * 8) / 1e9, 1)],
    ]
  })
  return markdown(heads, rows)
}

function describeServer(runs) {
  const heads = [
    '',
    'revocations a second',
    'guards',
    'polls a second',
    'come to the server',
    'database reads a second',
  ]
  heads.push('rows a read', 'us CPU a poll there', `${thousands(allGuards)} guards: cores for it`)
  const rows = runs.map((run) => {
    const { name, revocationsASecond, isShipped, seconds, guards, edgeRequests, originRequests } = run
    const us = (run.originCpuMs / originRequests) * 1000
    const cores = (((originRequests / seconds / guards) * allGuards) / 1e6) * us
    return [
      ...[name, thousands(revocationsASecond), guards, fixed(edgeRequests / seconds, 0)],
      ...[`${fixed(originRequests / seconds, 0)} (${percent(originRequests / edgeRequests)})`],
      ...[fixed(run.databaseReads / seconds, 0), fixed(run.databaseRows / run.databaseReads, 0)],
      // Where caches answer, what comes to the server does not grow with the guards.
      ...[fixed(us, 0), isShipped ? fixed(cores, 0) : ''],
    ]
  })
  return markdown(heads, rows)
}

function describeRefusals(runs) {
  const heads = [
    '',
    'revocations a second',
    'good guards: p50 ms',
    'p99 ms',
    'max ms',
    'asked',
    'by a fresh copy',
    'lagging',
    '503',
  ]
  heads.push(
    'accepted 1 s later or more',
    'of these by a copy that called itself fresh',
    'called itself too young by ms, at most',
    'never refused',
  )
  const rows = runs.map(({ name, revocationsASecond, refusedAfterMs, asked, neverRefused }) => [
    ...[name, thousands(revocationsASecond), ...quantiles(refusedAfterMs.good), thousands(asked.checks)],
    ...[
      percent(asked.fresh / asked.checks),
      percent(asked.lagging / asked.checks),
      percent(asked.unusable / asked.checks),
    ],
    ...[thousands(asked.acceptedLate), asked.acceptedLateFresh, fixed(asked.tooYoungMs, 0), neverRefused],
  ])
  return markdown(heads, rows)
}

function describeKinds(runs) {
  const kinds = Object.keys(runs[0].refusedAfterMs)
  const heads = ['p50 / p99 / max ms', 'revocations a second', ...kinds]
  const rows = runs.map(({ name, revocationsASecond, refusedAfterMs }) => {
    return [name, thousands(revocationsASecond), ...kinds.map((kind) => quantiles(refusedAfterMs[kind]).join(' / '))]
  })
  return markdown(heads, rows)
}

const quantiles = (values) => [0.5, 0.99, 1].map((part) => fixed(quantile(values, part), 0))

function describeTable(table) {
  const heads = [
    'live revocations',
    'MB',
    'bytes each',
    'us CPU to put one in force',
    'longest page of 10,000, ms',
    'ns CPU a look',
    'a sweep that forgets a hundredth, in 256 steps: the longest, ms CPU',
    'all of it, ms CPU',
  ]
  const rows = table.map(({ rows, megabytes, bytesARow, applyUs, longestPageMs, lookNs, longestStepMs, sweepMs }) => [
    ...[thousands(rows), fixed(megabytes, 0), fixed(bytesARow, 1), fixed(applyUs, 2), fixed(longestPageMs, 0)],
    ...[fixed(lookNs, 0), fixed(longestStepMs, 1), fixed(sweepMs, 0)],
  ])
  return markdown(heads, rows)
}

function describePage(page) {
  const { bytes, bytesARow, gzipBytesARow, brotliBytesARow, parseUs, readUs, applyUs, writeUs } = page
  const sizes = `A full page has ${thousands(bytes)} bytes, ${fixed(bytesARow, 1)} a row; ${fixed(gzipBytesARow, 1)} by gzip, ${fixed(brotliBytesARow, 1)} by Brotli.`
  const times = `A guard parses a row in ${fixed(parseUs, 2)} us of CPU, checks it in ${fixed(readUs, 2)} and puts it in force in ${fixed(applyUs, 2)} (an empty list); the server writes it in ${fixed(writeUs, 2)}.`
  return `${sizes} ${times}\n`
}

function describeStart({ guards, historyRows, startedMs, before }) {
  const pages = Math.floor(historyRows / 10_000)
  const [half, all] = [0.5, 1].map((part) => fixed(quantile(startedMs, part) / 1000, 2))
  return [
    `${guards} guards start beside ${thousands(historyRows)} rows, ${pages} full pages.`,
    `They are ready after ${half} s of the network (the last after ${all} s), and ${fixed(before.guardCpuMs / guards, 0)} ms of CPU each.`,
    `Of ${guards * pages} full pages that they asked for, ${before.originFinalPages} came from the server.\n`,
  ].join(' ')
}

function describeDatabase({ operations, tables, feedPageMs, atOnce }) {
  const heads = [`${atOnce} at a time`, 'a second', 'kB of WAL each', 'transactions each']
  const rows = operations.map(({ name, aSecond, walBytes, transactions }) => {
    return [name, thousands(Math.round(aSecond)), fixed(walBytes / 1000, 1), fixed(transactions, 1)]
  })
  const sizes = tables.map(({ name, bytesARow }) => `${name} ${fixed(bytesARow, 0)}`).join(', ')
  return `${markdown(heads, rows)}Bytes a row, indexes included: ${sizes}. A page of 10,000 rows is read in ${fixed(feedPageMs, 0)} ms.\n`
}

function markdown(heads, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line), '\n'].join('\n')
}

const thousands = (value) => value.toLocaleString('en-US')
const fixed = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '-')
const percent = (value) => `${fixed(value * 100, value < 0.1 ? 2 : 1)} %`
