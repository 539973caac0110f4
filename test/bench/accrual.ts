// What a rebate costs: recharges recorded with everything they mean (event, check with its signed token, rebate, posting, balances) by eight
// callers at once, against pgbench's TPC-B-like transaction with eight clients on the same server, interleaved.

import { execFileSync } from 'node:child_process'
import { recordEvent } from '../../src/programs/index.ts'
import { type BooksServer, median, rechargeOf, secondsNow, startBooksServer } from './books-server.ts'
import { print, table } from './command.ts'

const CALLERS = 8
const SCALE = 100
const PAIRS = 1_000

export async function benchAccrual([rounds = '5', seconds = '10', scale = String(SCALE)]: readonly string[]): Promise<void> {
  const books = await startBooksServer(PAIRS)
  try {
    await books.server.createDatabase('tpcb')
    const connection = new URL(books.server.url('tpcb'))
    const host = ['-h', connection.searchParams.get('host') ?? '', '-U', connection.username]
    print(`pgbench -i -s ${scale} …`)
    execFileSync('pgbench', [...host, '-q', '-i', '-s', scale, 'tpcb'], { stdio: 'ignore' })
    const figures: { tpcb: number; accruals: number; p50: number; p99: number }[] = []
    for (let round = 0; round < Number(rounds); round++) {
      const output = execFileSync('pgbench', [...host, '-c', String(CALLERS), '-j', '2', '-T', seconds, '-M', 'prepared', '-n', 'tpcb'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      const tpcb = Number(/tps = ([\d.]+)/.exec(output)?.[1])
      figures.push({ tpcb, ...(await accrue(books, `round-${round}`, Number(seconds))) })
    }
    const { rows: [settings] } = await books.database.pool.query<{ text: string }>(`select string_agg(name || '=' || setting, ' ' order by name) as text from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers')`)
    print(`${settings?.text ?? ''}\n`)
    print(table([['round', 'TPC-B-like, transactions/s', 'rebates, accruals/s', 'ratio', 'accrual p50 ms', 'p99 ms'],
      ...figures.map(({ tpcb, accruals, p50, p99 }, round) => [String(round + 1), tpcb.toFixed(0), accruals.toFixed(0), (accruals / tpcb).toFixed(2), p50.toFixed(1), p99.toFixed(1)])]))
    print(`\nmedian ratio: ${median(figures.map(({ tpcb, accruals }) => accruals / tpcb)).toFixed(2)}`)
  } finally {
    await books.end()
  }
}

async function accrue(books: BooksServer, name: string, seconds: number): Promise<{ accruals: number; p50: number; p99: number }> {
  const milliseconds: number[] = []
  const began = secondsNow()
  let place = 0
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    while (secondsNow() - began < seconds) {
      const start = secondsNow()
      const answer = await recordEvent(books.recorder, books.batchId, rechargeOf(books, place++, name))
      if (!answer.ok || answer.rebates.length !== 1) throw new Error('A recharge earned nothing.')
      milliseconds.push((secondsNow() - start) * 1000)
    }
  }))
  const took = secondsNow() - began
  milliseconds.sort((left, right) => left - right)
  return { accruals: milliseconds.length / took, p50: milliseconds[Math.floor(milliseconds.length * 0.5)] ?? 0, p99: milliseconds[Math.floor(milliseconds.length * 0.99)] ?? 0 }
}
