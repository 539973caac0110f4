// Numbers of sources: what is missing between them was lost on the way, until it comes.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countOn, noteSequences, readSources } from '../../src/intake/source-sequences.ts'
import { useDatabase } from '../database.ts'

const { database, clock } = await useDatabase()
const note = (...sequences: number[]): Promise<void> => noteSequences({ database, clock }, sequences.map((sequence) => ({ source: 'shop', sequence })))
const stateNow = async () => (await readSources(database.prisma)).find(({ name }) => name === 'shop')

test('a gap is noticed when a later number comes, shrinks and splits as its events come, and is closed by the last of them', async () => {
  await note(10, 11, 12)
  expect(await stateNow()).toMatchObject({ newest: 12n, missing: 0n, gaps: [] })
  const noticedAt = clock.now()
  await note(20, 22)
  expect(await stateNow()).toMatchObject({ newest: 22n, missing: 8n, gaps: [{ from: 13n, to: 19n }, { from: 21n, to: 21n }] })
  clock.advance(60)
  await note(15, 21)
  expect((await stateNow())?.gaps).toEqual([{ from: 13n, to: 14n, noticedAt }, { from: 16n, to: 19n, noticedAt }])
  await note(13, 14, 15, 16, 17, 18, 19, 20)
  expect(await stateNow()).toMatchObject({ newest: 22n, missing: 0n, gaps: [] })
})

test('events without a number, and numbers told again, change nothing', async () => {
  const before = await stateNow()
  await noteSequences({ database, clock }, [{ source: 'shop' }, { source: 'other' }])
  await note(12, 20)
  expect(await stateNow()).toEqual({ ...before, changedAt: clock.now() })
  expect((await readSources(database.prisma)).map(({ name }) => name)).toEqual(['shop'])
})

test('two processes that note at once lose nothing', async () => {
  await Promise.all(Array.from({ length: 8 }, (_, place) => noteSequences({ database, clock }, [{ source: 'busy', sequence: place * 2 }])))
  expect((await readSources(database.prisma)).find(({ name }) => name === 'busy')).toMatchObject({ newest: 14n, missing: 7n })
})

test('whatever the order, what is missing is what lies between the first and the newest and did not come', () => {
  fc.assert(fc.property(fc.array(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 }), (parts) => {
    let counted: ReturnType<typeof countOn> = null
    for (const part of parts) counted = countOn(counted, part.map(BigInt))
    const arrived = new Set(parts.flat())
    const [first, newest] = [Math.min(...arrived), Math.max(...arrived)]
    const missing = Array.from({ length: newest - first + 1 }, (_, place) => first + place).filter((number) => !arrived.has(number))
    expect(counted?.gaps.flatMap(({ from, to }) => Array.from({ length: Number(to - from) + 1 }, (_, place) => Number(from) + place))).toEqual(missing)
    expect([counted?.first, counted?.newest]).toEqual([BigInt(first), BigInt(newest)])
  }), { numRuns: 200, seed: 4 })
})
