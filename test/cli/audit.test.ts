// Goal: the command audits a folder without a database, and its exit codes, messages and JSON can be trusted by scripts.
// Method: the command line in this process, on folders on disk.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Folders, twoAccounts } from '../folders/folder-on-disk.ts'
import { recorded } from './recorded-command.ts'

const folders = new Folders()
let world = ''
beforeAll(async () => {
  await folders.open()
  world = folders.path('world')
  await recorded('generate', 'campus', '--out', world, '--seed', '4', '--accounts', '200')
})
afterAll(() => folders.close())

describe('ringfence audit', () => {
  it('writes its files, tells the rings and ends with 0', async () => {
    const out = folders.path('out')
    const { code, printed, complained, stages } = await recorded('audit', world, '--out', out)
    expect({ code, complained }).toEqual({ code: 0, complained: '' })
    expect(printed).toMatch(/^\d+ accounts, \d+ referrals, [\d,]+ observations; \d+ refused\.\n\d+ rings\./)
    expect(printed).toContain(`Written to ${out}`)
    expect(stages).toEqual(['reading', 'linking', 'strength', 'features', 'probabilities', 'rings', 'evaluation', 'writing'])
    expect(await readdir(out)).toHaveLength(6)
  })

  it('prints with --json what it writes as the summary, timings and memory included', async () => {
    const out = folders.path('json')
    const { printed } = await recorded('audit', world, '--out', out, '--json')
    const summary: unknown = JSON.parse(printed)
    expect(summary).toEqual(JSON.parse(await readFile(join(out, 'summary.json'), 'utf8')))
    expect(summary).toMatchObject({
      thresholds: { hold: 0.5, deny: 0.9 }, timings: { peak_memory_mb: 123.5, seconds: { read: 0.25, write: 0.25 } },
      evaluation: { sample: 'out-of-sample' },
    })
  })

  it('takes thresholds, rate, currency and time', async () => {
    const { printed } = await recorded('audit', world, '--out', folders.path('options'), '--json',
      '--hold', '0.2', '--deny', '0.3', '--ring', '0.4', '--currency', 'cny', '--as-of', '2026-12-31T00:00:00+08:00')
    expect(JSON.parse(printed)).toMatchObject({
      thresholds: { hold: 0.2, deny: 0.3, ring: 0.4 }, money: { currency: 'CNY' }, input: { as_of: '2026-12-30T16:00:00Z' },
    })
  })

  const refusals: [title: string, parameters: () => string[], message: RegExp][] = [
    ['without --out', () => [world], /--out/],
    ['when OUT is the export folder itself', () => [world, '--out', join(world, '.', '')], /must not be the export folder/],
    ['when the folder is not there', () => [folders.path('nowhere'), '--out', folders.path('x')], /nowhere: the folder does not exist/],
    ['for a time without zone', () => [world, '--out', folders.path('x'), '--as-of', '2026-01-01T00:00:00'], /with a zone/],
    ['for a rate over one', () => [world, '--out', folders.path('x'), '--rate', '5'], /0\.05 or 5%/],
    ['for a probability over one', () => [world, '--out', folders.path('x'), '--hold', '50'], /between 0 and 1/],
    ['when deny is below hold', () => [world, '--out', folders.path('x'), '--hold', '0.9', '--deny', '0.5'], /must not be below/],
    ['for a model that is not there', () => [world, '--out', folders.path('x'), '--model', folders.path('m')], /cannot be read/],
    ['for a file that is no model', () => [world, '--out', folders.path('x'), '--model', join(world, 'accounts.csv')], /is no model: not_json/],
    ['for a language it does not speak', () => [world, '--out', folders.path('x'), '--lang', 'fr'], /en, zh-CN/],
    ['for an unknown option', () => [world, '--out', folders.path('x'), '--fast'], /unknown option/],
  ]
  it.each(refusals)('ends with 2 and says why %s, writing nothing', async (_, parameters, message) => {
    const { code, printed, complained } = await recorded('audit', ...parameters())
    expect(code).toBe(2)
    expect(complained).toMatch(message)
    expect(printed).toBe('')
    expect(await readdir(folders.path('')).then((names) => names.includes('x'))).toBe(false)
  })

  it('counts refused rows, and with --strict ends with 2 at the first, naming file, line, column and reason', async () => {
    const path = await folders.write({ 'accounts.csv': `${twoAccounts}c,2026-01-03T00:00:00\n` })
    const lenient = await recorded('audit', path, '--out', folders.path('lenient'))
    expect(lenient).toMatchObject({ code: 0 })
    expect(lenient.printed).toContain('2 accounts, 0 referrals, 0 observations; 1 refused.')
    const line = JSON.parse(await readFile(join(folders.path('lenient'), 'refusals.jsonl'), 'utf8')) as unknown
    expect(line).toMatchObject({ file: 'accounts.csv', line: 4, column: 'created_at', reason: 'time_without_zone' })
    const strict = await recorded('audit', path, '--out', folders.path('strict'), '--strict')
    expect(strict).toMatchObject({ code: 2, printed: '' })
    expect(strict.complained).toBe('accounts.csv:4 created_at: the time has no zone: write Z or an offset such as +08:00')
  })

  it('audits a folder that holds accounts alone', async () => {
    const { code, printed } = await recorded('audit', await folders.write({ 'accounts.csv': twoAccounts }), '--out', folders.path('alone'))
    expect(code).toBe(0)
    expect(printed).toContain('0 rings.')
  })

  it('audits a folder without any row', async () => {
    const { code } = await recorded('audit', await folders.write({ 'accounts.csv': 'account_id,created_at\n' }), '--out', folders.path('empty'))
    expect(code).toBe(0)
  })
})
