// What is written is an export folder: the files and columns of the format, the same bytes each time, and what is committed is current.
// Method: worlds are written into temporary folders and read back as text.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterAll, describe, expect, it } from 'vitest'
import { worldCard } from '../../datasets/card.ts'
import { generateWorld, worldNames } from '../../datasets/generate.ts'
import { sampleWorld } from '../../datasets/sample.ts'
import { writeWorld } from '../../datasets/write.ts'

const root = join(import.meta.dirname, '../../datasets')
const made: string[] = []

afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
})

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-world-'))
  made.push(folder)
  return folder
}

function contentsOf(folder: string): { [file: string]: string } {
  return Object.fromEntries(readdirSync(folder).sort().map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
}

function rowsOf(folder: string, file: string): { [column: string]: string }[] {
  return parse(readFileSync(join(folder, file)), { columns: true })
}

describe('writeWorld', () => {
  it('writes the same bytes for the same request', () => {
    const folders = [temporaryFolder(), temporaryFolder()]
    for (const folder of folders) writeWorld(generateWorld({ world: 'mobile', seed: 4, accounts: 300, variation: 9 }), folder)
    expect(contentsOf(folders[0] ?? '')).toEqual(contentsOf(folders[1] ?? ''))
  })

  it('writes a row per row, with the columns of the export folder', () => {
    const world = generateWorld({ world: 'campus', seed: 4, accounts: 300 })
    const folder = temporaryFolder()
    writeWorld(world, folder)
    for (const name of ['accounts', 'referrals', 'observations', 'transactions', 'rebates', 'clicks', 'payouts', 'labels', 'referral_labels'] as const) {
      expect(rowsOf(folder, `${name}.csv`)).toHaveLength(world[name].length)
    }
    expect(Object.keys(rowsOf(folder, 'observations.csv')[0] ?? {})).toEqual(['account_id', 'kind', 'value', 'observed_at', 'context', 'user_agent'])
    expect(Object.keys(rowsOf(folder, 'referral_labels.csv')[0] ?? {})).toEqual(['inviter_id', 'invitee_id', 'is_self_invite', 'stratum'])
  })

  it('leaves out columns that the platform does not have', () => {
    const world = generateWorld({ world: 'desktop', seed: 4, accounts: 100 })
    const folder = temporaryFolder()
    writeWorld({ ...world, absentColumns: { observations: ['user_agent', 'context'] } }, folder)
    expect(Object.keys(rowsOf(folder, 'observations.csv')[0] ?? {})).toEqual(['account_id', 'kind', 'value', 'observed_at'])
  })

  it('writes times as ISO 8601 with the zone of the platform', () => {
    for (const name of worldNames) {
      const world = generateWorld({ world: name, seed: 4, accounts: 100 })
      const folder = temporaryFolder()
      writeWorld(world, folder)
      const written = rowsOf(folder, 'accounts.csv').map((row) => row['created_at'] ?? '')
      expect(written.every((time) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/.test(time))).toBe(true)
      expect(written.map((time) => Date.parse(time) / 1000)).toEqual(world.accounts.map((row) => row.created_at))
    }
  })

  it('writes amounts as decimals that read back as they were', () => {
    const world = generateWorld({ world: 'mobile', seed: 4, accounts: 200 })
    const folder = temporaryFolder()
    writeWorld(world, folder)
    const amounts = rowsOf(folder, 'transactions.csv').map((row) => row['amount'] ?? '')
    expect(amounts.every((amount) => /^\d+\.\d\d$/.test(amount))).toBe(true)
    expect(amounts.map(Number)).toEqual(world.transactions.map((row) => row.amount))
  })
})

describe('what is committed', () => {
  it('the sample folder is what the generator writes now', () => {
    const folder = temporaryFolder()
    writeWorld(sampleWorld(), folder)
    expect(contentsOf(join(root, 'sample'))).toEqual(contentsOf(folder))
  })

  it.each(worldNames)('the card of %s says what the generator makes now', (name) => {
    expect(readFileSync(join(root, name, 'README.md'), 'utf8')).toBe(worldCard(name))
  })
})
