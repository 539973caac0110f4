// The sums of caps on real rebates: what the period, the kind and the asset select, read together.

import { expect, test } from 'vitest'
import { apiyi } from '../../src/programs/index.ts'
import { capQueriesOf } from '../../src/programs/qualification/caps.ts'
import { readCapUsage } from '../../src/programs/qualification/cap-usage.ts'
import { programRules } from '../../src/policies/index.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme, units } from './programme.ts'

const database = await useDatabase()
const { account, programId, read, recharge, refund, signUp } = await makeProgramme(database, apiyi)

test('sums are of rebates that occurred in the period, by inviter, by invitee and in the whole programme', async () => {
  const [inviter, first, second] = [await account('inviter'), await account('first'), await account('second')]
  const joined = new Date('2026-05-20T00:00:00Z')
  await signUp(first, inviter, joined)
  await signUp(second, inviter, joined)
  await recharge('last-of-may', first, '100', new Date('2026-05-31T15:59:59.999Z'))
  await recharge('june-1', first, '100', new Date('2026-05-31T16:00:00Z'))
  await recharge('june-2', second, '40', new Date('2026-06-01T10:00:00Z'))
  await refund('back', 'june-1', first)
  const other = await account('other')
  const theirs = await account('theirs')
  await signUp(theirs, other, joined)
  await recharge('june-3', theirs, '20', new Date('2026-06-01T11:00:00Z'))

  const rules = programRules.parse({
    ...apiyi.versions[1]?.content,
    caps: [
      { of: 'inviter', per: 'month', amount: '50' }, { of: 'inviter', per: 'ever', count: 9 }, { of: 'invitee', per: 'month', count: 9 },
      { of: 'invitee', per: 'ever', amount: '50' }, { of: 'program', per: 'day', amount: '50' }, { of: 'program', per: 'year', count: 9 },
    ],
  })
  const { id } = await database.database.prisma.referral.findFirstOrThrow({ where: { inviteeId: first } })
  const queries = capQueriesOf(rules, { referral: { id, programId, inviterId: inviter }, occurredAt: new Date('2026-06-01T12:00:00Z'), asset: 'USD' })
  const usage = await read((transaction) => readCapUsage(transaction, [...queries, ...queries]))
  // What was refunded still counts, and what occurred in May by the clocks of the zone does not count for June.
  expect(queries.map(({ key }) => usage.get(key))).toEqual([units('7'), 3n, 1n, units('10'), units('8'), 4n])
})

test('where nothing was earned yet every sum is zero, of amounts and of counts', async () => {
  const rules = programRules.parse({ ...apiyi.versions[1]?.content, caps: (['inviter', 'invitee', 'program'] as const).flatMap((of) => [{ of, per: 'day' as const, count: 1 }, { of, per: 'day' as const, amount: '1' }]) })
  const queries = capQueriesOf(rules, { referral: { id: 999n, programId, inviterId: 999n }, occurredAt: new Date('2020-01-01T00:00:00Z'), asset: 'USD' })
  const usage = await read((transaction) => readCapUsage(transaction, queries))
  expect(queries.map(({ key }) => usage.get(key))).toEqual([0n, 0n, 0n, 0n, 0n, 0n])
})
