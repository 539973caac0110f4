// A generated world is read from its folder, as an audit reads it, and through the database: detection must not tell them apart.
// The comparison is by external id and to the bit, because the two number their accounts differently.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateWorld } from '../../datasets/generate.ts'
import { writeWorld } from '../../datasets/write.ts'
import { detect } from '../../scoring/detect.ts'
import { generalModel } from '../../scoring/model/general.ts'
import type { Population } from '../../scoring/population.ts'
import { importFolder } from '../../src/intake/import-folder.ts'
import { readFolder } from '../../src/folders/read-folder.ts'
import { loadPopulation } from '../../src/population/index.ts'
import { useDatabase } from '../database.ts'
import { Folders, opened } from '../folders/folder-on-disk.ts'

const { database, clock, keys } = await useDatabase()
const folders = new Folders()
beforeAll(() => folders.open())
afterAll(() => folders.close())

async function externalIds(accountIds: Float64Array): Promise<string[]> {
  const rows = await database.prisma.accountIdentity.findMany()
  const byId = new Map(rows.map((row) => [Number(row.accountId), row.externalId]))
  return Array.from(accountIds, (id) => byId.get(id) ?? '?')
}

/** A population as sorted lines that name accounts by their external id and nothing by its number; repeated observations once. */
function linesOf(population: Population, names: readonly string[]): Record<string, string[]> {
  const { accounts, identifiers, observations, transactions, referrals } = population
  const name = (account: number | undefined): string => names[account ?? -1] ?? '-'
  const line = (...parts: unknown[]): string => parts.join(' ')
  const kindOf = (identifier: number | undefined): string => identifiers.kinds[identifiers.kind[identifier ?? -1] ?? -1] ?? '?'
  const holders = Array.from({ length: identifiers.count }, () => new Set<string>())
  for (let row = 0; row < observations.count; row++) holders[observations.identifier[row] ?? 0]?.add(name(observations.account[row]))
  return {
    accounts: Array.from(accounts.createdAt, (at, row) => line(name(row), at, (accounts.organisation[row] ?? -1) >= 0, name(accounts.parent[row]))).sort(),
    identifiers: holders.map((set, row) => line(kindOf(row), identifiers.flags[row], (identifiers.model[row] ?? -1) >= 0, ...[...set].sort())).sort(),
    models: [line(new Set(identifiers.model).size)],
    observations: [...new Set(Array.from(observations.at, (at, row) => line(name(observations.account[row]), kindOf(observations.identifier[row]),
      at, observations.context[row], observations.contextWords[observations.contextWord[row] ?? -1], identifiers.flags[observations.identifier[row] ?? -1])))].sort(),
    transactions: Array.from(transactions.at, (at, row) => {
      const original = transactions.refunds[row] ?? -1
      return line(name(transactions.account[row]), transactions.type[row], transactions.amount[row], transactions.currencies[transactions.currency[row] ?? -1],
        at, (transactions.item[row] ?? -1) >= 0, transactions.fundedBy[row], original < 0 ? '-' : transactions.at[original])
    }).sort(),
    items: [line(new Set(transactions.item).size)],
    referrals: Array.from(referrals.at, (at, row) => line(name(referrals.inviter[row]), name(referrals.invitee[row]), at, referrals.channel[row], referrals.clickedAt[row])).sort(),
  }
}

describe('import and scan against audit', () => {
  test('a generated world has the same probabilities from its folder and from the database, to the bit', async () => {
    const directory = folders.path('world')
    writeWorld(generateWorld({ world: 'mobile', seed: 7, accounts: 600 }), directory)
    const read = await readFolder(await opened(directory))
    if (!read.ok) throw new Error(read.refusal.reason)
    const { contents } = read
    const result = await importFolder(database, directory, { keys, clock, actorId: 1n, program: 'main' })
    expect(result.ok).toBe(true)
    const loaded = await loadPopulation(database)

    expect(loaded.population.asOf).toBe(contents.population.asOf)
    for (const table of ['accounts', 'identifiers', 'transactions', 'referrals'] as const) {
      expect(loaded.population[table].count, table).toBe(contents.population[table].count)
    }
    const names = await externalIds(loaded.accountIds)
    const [fromBoth, expected] = [linesOf(loaded.population, names), linesOf(contents.population, contents.accountIds)]
    for (const [table, lines] of Object.entries(expected)) expect(fromBoth[table], table).toEqual(lines)
    expect(expected.transactions?.some((line) => !line.endsWith('-'))).toBe(true)
    expect(expected.referrals?.some((line) => !line.endsWith('NaN'))).toBe(true)

    const fromFolder = detect(contents.population, { model: generalModel })
    const fromDatabase = detect(loaded.population, { model: generalModel })

    const accountsOf = (ids: readonly string[], score: Float64Array) => Array.from(score, (value, index) => `${ids[index]} ${value}`).sort()
    expect(accountsOf(names, fromDatabase.accounts.score)).toEqual(accountsOf(contents.accountIds, fromFolder.accounts.score))
    const referralsOf = (ids: readonly string[], population: typeof loaded.population, probability: Float64Array) =>
      Array.from(probability, (value, index) =>
        `${ids[population.referrals.inviter[index] ?? -1]} ${ids[population.referrals.invitee[index] ?? -1]} ${value}`).sort()
    expect(referralsOf(names, loaded.population, fromDatabase.referrals.probability))
      .toEqual(referralsOf(contents.accountIds, contents.population, fromFolder.referrals.probability))
    expect(fromDatabase.rings.map((ring) => ring.members.map((member) => names[member.account]).sort().join()).sort())
      .toEqual(fromFolder.rings.map((ring) => ring.members.map((member) => contents.accountIds[member.account]).sort().join()).sort())
  })
})
