// The rule of closed periods, for `verify`: every stored statement is the one its digest was made of, and reading the books anew gives it again.

import type { Database } from '../base/database.ts'
import type { Verifier, WrongRow } from '../ledger/index.ts'
import { inSnapshot } from '../population/index.ts'
import { openingAfter, readClosedPeriods, statementDigest } from './close-period.ts'
import { readStatement } from './read-statement.ts'

export const closedPeriodsVerifier: Verifier = {
  name: 'closed_periods',
  sentence: 'Every closed period follows the one before, and its statement is, to the last digit, what the books still say of it.',
  find: ({ database }) => firstWrongPeriod(database),
}

/** Each entry is read once, because a period starts from the closing of the one before. */
async function firstWrongPeriod(database: Database): Promise<WrongRow | null> {
  const programs = await database.prisma.periodLock.findMany({ distinct: ['programId'], select: { programId: true }, orderBy: { programId: 'asc' } })
  for (const { programId } of programs) {
    const chain = await readClosedPeriods(database, programId)
    for (const [place, { lockId, period, stored }] of chain.entries()) {
      const previous = chain[place - 1]
      const wrong = (found: string) => ({ place: `period_lock ${lockId}`, found })
      if (previous !== undefined && previous.period.endsAt.getTime() !== period.startsAt.getTime()) return wrong('it does not start where the one before ended')
      if (stored === null) {
        if (place < chain.length - 1) return wrong('it was closed without its statement')
        continue
      }
      if (statementDigest(stored.statement) !== stored.digest) return wrong('its statement is not the one that was stored')
      const read = await inSnapshot(database, (client) => readStatement(client, { programId, accountId: null }, period, openingAfter(previous)))
      if (!read.ok) {
        const [first] = read.differences
        return wrong(`the books do not close: ${first?.account} ${first?.asset} misses ${first?.difference}`)
      }
      if (statementDigest(read.statement) !== stored.digest) return wrong('the books no longer give the statement that was stored')
    }
  }
  return null
}
