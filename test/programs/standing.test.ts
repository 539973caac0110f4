// How members stand at a time, read for many at once, on the real database.

import { describe, expect, test } from 'vitest'
import { type Member, readStandings } from '../../src/programs/standing/standing.ts'
import { apiyi } from '../../src/programs/index.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme } from './programme.ts'

const given = await useDatabase()
const { database, clock } = given
const { account, programId, read } = await makeProgramme(given, apiyi)
const other = await makeProgramme(given, { ...apiyi, key: 'other' })
const at = (text: string): Date => new Date(text)
const RULES = { defaultTrack: 'default', tracks: [{ key: 'partner' }] }

async function enrol(accountId: bigint, state: string, effectiveFrom: string, program = programId): Promise<void> {
  await database.prisma.enrolmentChange.create({ data: { programId: program, accountId, state, reason: 'staff', effectiveFrom: at(effectiveFrom), recordedAt: clock.now(), actorId: 1n } })
}
async function choose(accountId: bigint, track: string, effectiveFrom: string): Promise<void> {
  await database.prisma.trackChange.create({ data: { programId, accountId, track, effectiveFrom: at(effectiveFrom), recordedAt: clock.now(), actorId: 1n } })
}
const standings = (members: readonly Member[]) => read((transaction) => readStandings(transaction, members))

describe('the standing of members', () => {
  test('everybody takes part without applying: without a row a member is active on the default track and counts', async () => {
    const accountId = await account('nobody')
    const known = await standings([{ programId, accountId }])
    expect([known.enrolmentAt(programId, accountId, clock.now()), known.trackAt(programId, accountId, clock.now(), RULES), known.isExcluded(programId, accountId, clock.now())])
      .toEqual(['active', 'default', false])
  })

  test('is what was in force at the time asked for, from the first instant of a change', async () => {
    const accountId = await account('moving')
    await enrol(accountId, 'closed', '2026-03-01T00:00:00Z')
    await enrol(accountId, 'active', '2026-04-01T00:00:00Z')
    const known = await standings([{ programId, accountId }])
    const seen = ['2026-02-28T23:59:59.999Z', '2026-03-01T00:00:00Z', '2026-03-31T23:59:59.999Z', '2026-04-01T00:00:00Z'].map((time) => known.enrolmentAt(programId, accountId, at(time)))
    expect(seen).toEqual(['active', 'closed', 'closed', 'active'])
  })

  test('follows the times of changes, not the order in which they were recorded; at one time the later record counts', async () => {
    const accountId = await account('late')
    await enrol(accountId, 'active', '2026-05-01T00:00:00Z')
    await enrol(accountId, 'suspended', '2026-03-01T00:00:00Z')
    await enrol(accountId, 'closed', '2026-05-01T00:00:00Z')
    const known = await standings([{ programId, accountId }])
    expect([known.enrolmentAt(programId, accountId, at('2026-04-01T00:00:00Z')), known.enrolmentAt(programId, accountId, at('2026-06-01T00:00:00Z'))]).toEqual(['suspended', 'closed'])
  })

  test('is each programme’s own and each member’s own', async () => {
    const [one, two] = [await account('one'), await account('two')]
    await enrol(one, 'closed', '2026-01-01T00:00:00Z')
    const known = await standings([{ programId, accountId: one }, { programId, accountId: two }, { programId: other.programId, accountId: one }])
    expect([known.enrolmentAt(programId, one, clock.now()), known.enrolmentAt(programId, two, clock.now()), known.enrolmentAt(other.programId, one, clock.now())]).toEqual(['closed', 'active', 'active'])
  })

  test('on a track that the rules of the time do not have is on the default track', async () => {
    const accountId = await account('tracks')
    await choose(accountId, 'partner', '2026-03-01T00:00:00Z')
    await choose(accountId, 'gone', '2026-05-01T00:00:00Z')
    const known = await standings([{ programId, accountId }])
    expect(['2026-02-01', '2026-04-01', '2026-05-02'].map((day) => known.trackAt(programId, accountId, at(`${day}T00:00:00Z`), RULES))).toEqual(['default', 'partner', 'default'])
    expect(known.trackAt(programId, accountId, at('2026-04-01T00:00:00Z'), { defaultTrack: 'basic', tracks: [] })).toBe('basic')
  })

  test('knows who is excluded, from the start and until before the end, in one programme or in all', async () => {
    const [staff, everywhere] = [await account('staff'), await account('everywhere')]
    const row = { recordedAt: clock.now(), actorId: 1n }
    await database.prisma.excludedAccount.createMany({ data: [
      { programId, accountId: staff, reason: 'staff', startsAt: at('2026-02-01T00:00:00Z'), endsAt: at('2026-03-01T00:00:00Z'), ...row },
      { programId: null, accountId: everywhere, reason: 'test', startsAt: at('2026-02-01T00:00:00Z'), endsAt: null, ...row },
    ] })
    const known = await standings([staff, everywhere].flatMap((accountId) => [{ programId, accountId }, { programId: other.programId, accountId }]))
    const seen = (program: bigint, accountId: bigint): boolean[] => ['2026-01-31T23:59:59Z', '2026-02-01T00:00:00Z', '2026-02-28T23:59:59Z', '2026-03-01T00:00:00Z'].map((time) => known.isExcluded(program, accountId, at(time)))
    expect([seen(programId, staff), seen(other.programId, staff)]).toEqual([[false, true, true, false], [false, false, false, false]])
    expect([seen(programId, everywhere), seen(other.programId, everywhere)]).toEqual([[false, true, true, true], [false, true, true, true]])
  })

  test('takes the same number of statements for one member as for two hundred', async () => {
    const accountIds: bigint[] = []
    for (let index = 0; index < 200; index++) accountIds.push(await account(`many-${index}`))
    const countOf = async (members: readonly Member[]): Promise<number> => {
      let statements = 0
      await read(async (transaction) => {
        const counting = new Proxy(transaction, { get: (target, name) => {
          if (name === '$queryRaw') statements += 1
          return Reflect.get(target, name) as unknown
        } })
        await readStandings(counting, members)
      })
      return statements
    }
    const many = accountIds.map((accountId) => ({ programId, accountId }))
    expect([await countOf(many.slice(0, 1)), await countOf(many)]).toEqual([3, 3])
  })

  test('is never guessed for a member who was not read', async () => {
    const accountId = await account('unread')
    const known = await standings([])
    expect(() => known.enrolmentAt(programId, accountId, clock.now())).toThrow()
  })

  test('cannot be rewritten: changes are only added', async () => {
    const accountId = await account('rewritten')
    await enrol(accountId, 'closed', '2026-03-01T00:00:00Z')
    await expect(given.owner.pool.query('update enrolment_change set state = $1 where account_id = $2', ['active', accountId])).rejects.toThrow(/append-only/)
    await expect(given.owner.pool.query('delete from enrolment_change where account_id = $1', [accountId])).rejects.toThrow(/append-only/)
  })
})
