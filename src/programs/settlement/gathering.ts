// Facts that are told at the same moment, by whomever, share a transaction: what would be many small commits is one.
// Promises: each caller gets the answer or the failure of its own fact; nobody waits for a batch to fill up.

import type { Recorder } from '../recorder.ts'
import type { EventAnswer } from './batch.ts'
import type { ToldFact } from './told-facts.ts'

type Recording = Pick<Recorder, 'database' | 'keys' | 'clock'>
type RecordTold = (recorder: Recording, told: readonly ToldFact[]) => Promise<EventAnswer[]>

/** Facts of one gathered transaction. */
const GATHERED_MAX = 64
/** Gathered transactions that run at once: while one is worked out the other is written. */
const LANES = 2

interface Waiting {
  readonly told: ToldFact
  resolve(answer: EventAnswer): void
  reject(error: unknown): void
}

export interface Gathering {
  record(told: ToldFact): Promise<EventAnswer>
}

const gatherings = new WeakMap<Recorder['database'], { readonly recorder: Recording; readonly gathering: Gathering }>()

/** One for all recorders of a database that share its keys and clock. */
export function gatheringOf(recorder: Recording, recordTold: RecordTold): Gathering {
  const known = gatherings.get(recorder.database)
  if (known !== undefined && known.recorder.keys === recorder.keys && known.recorder.clock === recorder.clock) return known.gathering
  const gathering = createGathering(recorder, recordTold)
  if (known === undefined) gatherings.set(recorder.database, { recorder, gathering })
  return gathering
}

function createGathering(recorder: Recording, recordTold: RecordTold): Gathering {
  const waiting: Waiting[] = []
  let running = 0
  let isScheduled = false

  /** In the next turn, so that callers who were just answered can tell their next fact first. */
  function schedule(): void {
    if (isScheduled || running >= LANES || waiting.length === 0) return
    isScheduled = true
    setImmediate(() => {
      isScheduled = false
      void run(waiting.splice(0, GATHERED_MAX))
      schedule()
    })
  }

  async function run(gathered: readonly Waiting[]): Promise<void> {
    if (gathered.length === 0) return
    running++
    try {
      const answers = await recordTold(recorder, gathered.map(({ told }) => told))
      for (const [place, each] of gathered.entries()) settle(each, answers[place])
    } catch (error) {
      if (gathered.length === 1) gathered[0]?.reject(error)
      // Each alone, so that everybody fails for their own fact only.
      else for (const each of gathered) await recordTold(recorder, [each.told]).then(([answer]) => settle(each, answer), each.reject)
    } finally {
      running--
      schedule()
    }
  }

  return {
    record: (told) => new Promise((resolve, reject) => {
      waiting.push({ told, resolve, reject })
      schedule()
    }),
  }
}

function settle({ resolve, reject }: Waiting, answer: EventAnswer | undefined): void {
  if (answer === undefined) reject(new Error('A fact has no answer.'))
  else resolve(answer)
}
