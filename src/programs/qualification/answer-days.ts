// Within how many days members are answered: the track that the member is on says it, so that partners may wait less.

import type { Transaction } from '../../base/database.ts'
import type { ProgramRules } from '../../policies/index.ts'
import { trackInForce } from './qualification.ts'
import { type Member, readStandings } from '../standing/standing.ts'

const DAY_MILLISECONDS = 86_400_000

/** When an answer to the member is due that is asked for now. */
export async function answerDueAt(transaction: Transaction, { programId, accountId }: Member, asked: { rules: ProgramRules; of: 'claim' | 'appeal'; now: Date }): Promise<Date> {
  const standings = await readStandings(transaction, [{ programId, accountId }])
  const { answerDays } = trackInForce(asked.rules, standings.trackAt(programId, accountId, asked.now, asked.rules))
  return new Date(asked.now.getTime() + answerDays[asked.of] * DAY_MILLISECONDS)
}
