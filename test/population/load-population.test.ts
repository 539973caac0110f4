// What `now` means when a population is loaded: given, it hides what is later; not given, it is the latest time that can be believed.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importFolder } from '../../src/intake/import-folder.ts'
import { inBulkTransaction, loadPopulation, openBatch, recordAccounts } from '../../src/population/index.ts'
import { useDatabase } from '../database.ts'
import { Folders } from '../folders/folder-on-disk.ts'

const { database, clock, keys } = await useDatabase()
const folders = new Folders()
const day = (number: number): string => `2026-01-${String(number).padStart(2, '0')}T00:00:00Z`
const secondsOf = (number: number): number => Date.parse(day(number)) / 1000

beforeAll(async () => {
  await folders.open()
  const directory = await folders.write({
    'accounts.csv': `account_id,created_at,org_id,parent_account_id\na,${day(1)},o1,\nb,${day(2)},o1,a\nc,${day(9)},o2,b\n`,
    'referrals.csv': `inviter_id,invitee_id,created_at,program\na,b,${day(2)},one\na,c,${day(9)},two\n`,
    'observations.csv': `account_id,kind,value,observed_at\na,device,device-number-one,${day(1)}\nb,device,device-number-one,\nc,device,device-number-one,${day(9)}\nb,device,device-number-two,${day(8)}\n`,
    'transactions.csv': `transaction_id,account_id,type,amount,currency,occurred_at,refunds\nt1,b,recharge,12.345678,USD,${day(3)},\nt2,b,refund,2,USD,${day(8)},t1\nt3,b,recharge,7,DAY,${day(4)},\n`,
    'clicks.csv': `click_id,clicked_at\nk,${day(10)}\n`,
  })
  expect((await importFolder(database, directory, { keys, clock, actorId: 1n, program: 'one' })).ok).toBe(true)
})
afterAll(() => folders.close())

describe('loading the population', () => {
  test('without a time takes the latest that any row of any file states as now', async () => {
    const { population, referralIds, programIds } = await loadPopulation(database)
    expect(population.asOf).toBe(secondsOf(10))
    expect(population.accounts.count).toBe(3)
    expect(population.referrals.count).toBe(2)
    expect(new Set(programIds).size).toBe(2)
    expect([...referralIds].every((id) => id > 0)).toBe(true)
    expect([...population.transactions.amount].sort()).toEqual([12.345678, 2, 7])
    expect(population.transactions.at[population.transactions.refunds.find((original) => original >= 0) ?? -1]).toBe(secondsOf(3))
  })

  test('with a time leaves out accounts, observations, transactions and referrals that are later, and keeps those without time', async () => {
    const { population } = await loadPopulation(database, { asOf: secondsOf(5) })
    expect(population.asOf).toBe(secondsOf(5))
    expect(population.accounts.count).toBe(2)
    expect(population.referrals.count).toBe(1)
    expect(population.transactions.count).toBe(2)
    expect([...population.observations.at]).toEqual([secondsOf(1), Number.NaN])
  })

  test('of one programme takes its referrals alone', async () => {
    const program = await database.prisma.program.findUniqueOrThrow({ where: { key: 'two' } })
    const { population } = await loadPopulation(database, { programId: program.id })
    expect([...population.referrals.at]).toEqual([secondsOf(9)])
    expect(population.accounts.count).toBe(3)
  })

  test('does not believe a time from the future as now', async () => {
    await inBulkTransaction(database, async (client) => {
      const batch = await openBatch(client, { source: 'broken clock', actorId: 1n, kind: 'api', recordedAt: clock.now(), latestAt: secondsOf(31) })
      await recordAccounts(client, keys, batch, [{ externalId: 'z', createdAt: secondsOf(30), status: null, organisationId: null, country: null }])
    })
    expect((await loadPopulation(database)).population.asOf).toBe(secondsOf(31))
    expect((await loadPopulation(database, { notAfter: secondsOf(20) })).population.asOf).toBe(secondsOf(10))
  })
})
