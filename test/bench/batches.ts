// What a batch is worth: recharges that earn recorded a thousand at a time by one caller, against the same one after another by one caller,
// interleaved on one durable server.

import { recordEvent, recordEvents } from '../../src/programs/index.ts'
import { type BooksServer, median, rechargeOf, secondsNow, startBooksServer } from './books-server.ts'
import { print, table } from './command.ts'

const BATCH = 1_000
const PAIRS = 1_000

export async function benchBatches([rounds = '5', seconds = '6']: readonly string[]): Promise<void> {
  const books = await startBooksServer(PAIRS)
  try {
    const figures: { single: number; batch: number }[] = []
    for (let round = 0; round < Number(rounds); round++) {
      figures.push({ single: await singles(books, `single-${round}`, Number(seconds)), batch: await batches(books, `batch-${round}`, Number(seconds)) })
    }
    print(table([['round', 'single events/s', `events/s in batches of ${BATCH}`, 'ratio'],
      ...figures.map(({ single, batch }, round) => [String(round + 1), single.toFixed(0), batch.toFixed(0), (batch / single).toFixed(1)])]))
    print(`\nmedian ratio: ${median(figures.map(({ single, batch }) => batch / single)).toFixed(1)}`)
  } finally {
    await books.end()
  }
}

async function singles(books: BooksServer, name: string, seconds: number): Promise<number> {
  const began = secondsNow()
  let done = 0
  for (; secondsNow() - began < seconds; done++) {
    const answer = await recordEvent(books.recorder, books.batchId, rechargeOf(books, done, name))
    if (!answer.ok || answer.rebates.length !== 1) throw new Error('A recharge earned nothing.')
  }
  return done / (secondsNow() - began)
}

async function batches(books: BooksServer, name: string, seconds: number): Promise<number> {
  const began = secondsNow()
  let done = 0
  for (; secondsNow() - began < seconds; done += BATCH) {
    const answers = await recordEvents(books.recorder, books.batchId, Array.from({ length: BATCH }, (_, place) => rechargeOf(books, done + place, name)))
    if (answers.some((answer) => !answer.ok || answer.rebates.length !== 1)) throw new Error('A recharge of a batch earned nothing.')
  }
  return done / (secondsNow() - began)
}
